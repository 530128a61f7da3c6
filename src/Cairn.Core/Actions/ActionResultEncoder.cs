using Cairn.Core.Content;
using Cairn.Core.Protobuf;

namespace Cairn.Core.Actions;

/// <summary>
/// Turns the result of an action into a canonical REAPI v2 <c>ActionResult</c>, with what REAPI has no field for in a <c>cairn.v1.Execution</c> in the
/// metadata; <c>docs/formats/action.md</c> describes it.
/// </summary>
public static class ActionResultEncoder
{
    /// <summary>How an <c>Any</c> says that it holds a <c>cairn.v1.Execution</c>.</summary>
    public const string ExecutionType = "type.googleapis.com/cairn.v1.Execution";

    /// <summary>Encodes a result. Throws <see cref="ArgumentException"/> where outputs are not sorted or a path is no plain relative one.</summary>
    public static byte[] Encode(ActionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Check(result);
        var writer = ProtoWriter.Rent();
        foreach (ref readonly var output in result.Outputs.AsSpan())
        {
            if (output.Target is null)
            {
                var file = writer.Begin(2);
                writer.WriteText(1, output.Path);
                writer.WriteDigest(2, output.Digest);
                writer.WriteBool(4, output.Executable);
                writer.End(file);
            }
        }

        WriteDigest(writer, 6, result.Log);
        var metadata = writer.Begin(9);
        writer.WriteText(1, result.Origin.Host);
        WriteTime(writer, 8, result.Origin.Time);
        var any = writer.Begin(11);
        writer.WriteText(1, ExecutionType);
        var execution = writer.Begin(2);
        WriteExecution(writer, result);
        writer.End(execution);
        writer.End(any);
        writer.End(metadata);
        foreach (ref readonly var output in result.Outputs.AsSpan())
        {
            if (output.Target is { } target)
            {
                var link = writer.Begin(12);
                writer.WriteText(1, output.Path);
                writer.WriteText(2, target);
                writer.End(link);
            }
        }

        var bytes = writer.Written.ToArray();
        writer.Return();
        return bytes;
    }

    private static void Check(ActionResult result)
    {
        for (var i = 0; i < result.Outputs.Length; i++)
        {
            var path = result.Outputs[i].Path;
            if (!RelativePath.IsPlain(path))
            {
                throw new ArgumentException($"The output `{path}` is not a plain relative path", nameof(result));
            }

            if (i > 0 && Utf8Order.Compare(result.Outputs[i - 1].Path, path) >= 0)
            {
                throw new ArgumentException($"The output `{path}` comes after `{result.Outputs[i - 1].Path}`", nameof(result));
            }
        }
    }

    private static void WriteExecution(ProtoWriter writer, ActionResult result)
    {
        writer.WriteDigest(1, result.Action);
        writer.WriteText(2, result.Origin.Run);
        writer.WriteText(3, result.Origin.Job);
        writer.WriteText(4, result.Origin.Project);
        WriteDigest(writer, 5, result.LogIndex);
        WriteDigest(writer, 6, result.Summary);
        // The dictionary has an order of its own, which may follow a culture.
        foreach (var (name, value) in InOrder(result))
        {
            var pair = writer.Begin(7);
            writer.WriteText(1, name);
            writer.WriteText(2, value);
            writer.End(pair);
        }

        if (result.Tests is { } tests)
        {
            var message = writer.Begin(8);
            writer.WriteVarint(1, (ulong)tests.Tests);
            writer.WriteVarint(2, (ulong)tests.Failures);
            writer.WriteVarint(3, (ulong)tests.Errors);
            writer.WriteVarint(4, (ulong)tests.Skipped);
            foreach (var name in tests.FailedNames)
            {
                writer.WriteTextItem(5, name);
            }

            writer.End(message);
        }

        var resources = writer.Begin(9);
        writer.WriteDouble(1, result.Resources.WallMs);
        writer.WriteDouble(2, result.Resources.UserMs);
        writer.WriteDouble(3, result.Resources.SystemMs);
        writer.WriteVarint(4, (ulong)result.Resources.MaxRssKib);
        writer.WriteVarint(5, (ulong)result.Resources.ReadBlocks);
        writer.WriteVarint(6, (ulong)result.Resources.WriteBlocks);
        writer.End(resources);
    }

    private static KeyValuePair<string, string>[] InOrder(ActionResult result)
    {
        if (result.StepOutputs.IsEmpty)
        {
            return [];
        }

        var pairs = new KeyValuePair<string, string>[result.StepOutputs.Count];
        var count = 0;
        foreach (var pair in result.StepOutputs)
        {
            pairs[count++] = pair;
        }

        Array.Sort(pairs, static (left, right) => Utf8Order.Compare(left.Key, right.Key));
        return pairs;
    }

    private static void WriteDigest(ProtoWriter writer, int field, Digest? digest)
    {
        if (digest is { } value)
        {
            writer.WriteDigest(field, value);
        }
    }

    /// <summary>Writes a <c>google.protobuf.Timestamp</c>, to the millisecond.</summary>
    private static void WriteTime(ProtoWriter writer, int field, DateTimeOffset time)
    {
        var milliseconds = time.ToUnixTimeMilliseconds();
        var seconds = Math.DivRem(milliseconds, 1_000, out var rest);
        if (rest < 0)
        {
            (seconds, rest) = (seconds - 1, rest + 1_000);
        }

        var message = writer.Begin(field);
        writer.WriteVarint(1, (ulong)seconds);
        writer.WriteVarint(2, (ulong)rest * 1_000_000);
        writer.End(message);
    }
}
