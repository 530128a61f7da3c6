using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Fuzz.Targets;

/// <summary>Bytes as each of the messages that come out of stores: an action, a command, a folder, a result.</summary>
internal sealed class ActionTarget : IFuzzTarget
{
    private const string Hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    public string Name => "action";

    public IReadOnlyList<string> Words { get; } =
    [
        "\n", "\u0012", "\u001a", "\"", "*", "2", "J", "R", "b", "\b", "\u0010", " ", "\0", "\u0001", "\u007f", "a", "a/b", "..", "x", "\u000a@" + Hash, "\u0012B\u000a@" + Hash, "\u000a\u0001a\u0012B\u000a@" + Hash,
        "\u000aG\u000a\u0001a\u0012B\u000a@" + Hash, "\u0012G\u000a\u0001a\u0012B\u000a@" + Hash, "\u001a\u0006\u000a\u0001a\u0012\u0001b", "type.googleapis.com/cairn.v1.Execution", "😀",
    ];

    public void Run(byte[] input)
    {
        _ = ActionDecoder.TryReadReferences(input);
        RunCommand(input);
        RunFolder(input);
        RunResult(input);
    }

    private static void RunCommand(byte[] input)
    {
        var action = ActionEncoder.Encode(new ActionDescription { Arguments = [], Environment = [], InputRoot = Digest.Empty });
        var named = Replace(action.Action, action.CommandDigest, Digest.Of(input));
        if (ActionDecoder.TryDecode(named, input, out var error) is not { } description)
        {
            InvariantException.Require(error is { Length: > 0 }, $"A bad command has no explanation");
            return;
        }

        var encoded = ActionEncoder.Encode(description);
        var again = ActionDecoder.TryDecode(encoded.Action.AsSpan(), encoded.Command.AsSpan(), out error) ?? throw new InvariantException($"Not read again: {error}");
        InvariantException.Require(ActionEncoder.Encode(again).Digest == encoded.Digest, $"The action changes when it is written again");
        InvariantException.Require(ActionDifference.Between(description, again, static _ => null, 10).Changes.IsEmpty, $"An action differs from itself");
        _ = ActionDifference.Between(description, description with { Arguments = [], Environment = [], Platform = [], Outputs = [] }, static _ => null, 10);
    }

    private static void RunFolder(byte[] input)
    {
        if (DirectoryDecoder.TryDecode(input, out var error) is not { } entries)
        {
            InvariantException.Require(error is { Length: > 0 }, $"A bad folder has no explanation");
            return;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            InvariantException.Require(names.Add(entry.Name), $"`{entry.Name}` is there twice");
            InvariantException.Require(entry.Name is not ("" or "." or "..") && !entry.Name.Contains('/', StringComparison.Ordinal), $"`{entry.Name}` is no name");
        }

        // Whatever folder is asked for, it is this one.
        ImmutableArray<byte> bytes = [.. input];
        var difference = TreeDifference.Between(Digest.Empty, Digest.Of(input), _ => bytes, 100);
        InvariantException.Require(difference.Changes.Length <= 100, $"More changes than were asked for");
    }

    private static void RunResult(byte[] input)
    {
        if (ActionResultDecoder.TryDecode(input, out var error) is not { } result)
        {
            InvariantException.Require(error is { Length: > 0 }, $"A bad result has no explanation");
            return;
        }

        var encoded = ActionResultEncoder.Encode(result);
        var again = ActionResultDecoder.TryDecode(encoded, out error) ?? throw new InvariantException($"Not read again: {error}");
        InvariantException.Require(ActionResultEncoder.Encode(again).AsSpan().SequenceEqual(encoded), $"The result changes when it is written again");
    }

    /// <summary>The action with another command.</summary>
    private static byte[] Replace(ImmutableArray<byte> action, Digest from, Digest to)
    {
        var writer = new Core.Protobuf.ProtoWriter();
        writer.WriteDigest(1, from);
        var rest = action.AsSpan()[writer.Written.Length..].ToArray();
        writer.Clear();
        writer.WriteDigest(1, to);
        return [.. writer.Written, .. rest];
    }
}
