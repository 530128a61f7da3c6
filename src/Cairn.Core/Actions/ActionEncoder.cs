using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Protobuf;

namespace Cairn.Core.Actions;

/// <summary>
/// Turns what a job executes into canonical REAPI v2 <c>Command</c> and <c>Action</c> messages; <c>docs/formats/action.md</c> describes them.
/// </summary>
public static class ActionEncoder
{
    /// <summary>Encodes an action. Variables and properties are put into order where they are not.</summary>
    public static EncodedAction Encode(ActionDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        var environment = Sorted(description.Environment, nameof(ActionDescription.Environment));
        var platform = Sorted(description.Platform, nameof(ActionDescription.Platform));
        var writer = ProtoWriter.Rent();

        foreach (var argument in description.Arguments)
        {
            writer.WriteTextItem(1, argument);
        }

        WritePairs(writer, 2, environment);
        WritePlatform(writer, 5, platform);
        writer.WriteText(6, description.WorkingDirectory);
        foreach (var output in description.Outputs)
        {
            writer.WriteTextItem(7, output);
        }

        var command = writer.ToImmutableArray();
        var commandDigest = Digest.Of(writer.Written);

        writer.Clear();
        writer.WriteDigest(1, commandDigest);
        writer.WriteDigest(2, description.InputRoot);
        WritePlatform(writer, 10, platform);
        var encoded = new EncodedAction(Digest.Of(writer.Written), writer.ToImmutableArray(), commandDigest, command);
        writer.Return();
        return encoded;
    }

    private static void WritePlatform(ProtoWriter writer, int field, ImmutableArray<KeyValuePair<string, string>> properties)
    {
        if (!properties.IsEmpty)
        {
            var message = writer.Begin(field);
            WritePairs(writer, 1, properties);
            writer.End(message);
        }
    }

    private static void WritePairs(ProtoWriter writer, int field, ImmutableArray<KeyValuePair<string, string>> pairs)
    {
        foreach (var (name, value) in pairs)
        {
            var message = writer.Begin(field);
            writer.WriteText(1, name);
            writer.WriteText(2, value);
            writer.End(message);
        }
    }

    private static ImmutableArray<KeyValuePair<string, string>> Sorted(ImmutableArray<KeyValuePair<string, string>> pairs, string what)
    {
        var isSorted = true;
        for (var i = 1; i < pairs.Length && isSorted; i++)
        {
            isSorted = Utf8Order.Compare(pairs[i - 1].Key, pairs[i].Key) < 0;
        }

        if (isSorted)
        {
            return pairs;
        }

        var sorted = pairs.Sort(static (left, right) => Utf8Order.Compare(left.Key, right.Key));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i - 1].Key == sorted[i].Key)
            {
                throw new ArgumentException($"`{sorted[i].Key}` is there twice", what);
            }
        }

        return sorted;
    }
}
