using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Store.Actions;

/// <summary>
/// Turns a result into the bytes that the action cache keeps, and such bytes into a result that may be used. The one place where trust in an
/// entry is decided.
/// </summary>
public interface IResultSeal
{
    /// <summary>Seals a result.</summary>
    byte[] Seal(ActionResult result);

    /// <summary>Opens an entry for the action that was asked for; null, with the reason, where it does not count.</summary>
    ActionResult? TryOpen(ReadOnlySpan<byte> entry, Digest action, out string? reason);

    /// <summary>Opens an entry that stands under an action's hash, for the upkeep of the store.</summary>
    ActionResult? TryOpen(ReadOnlySpan<byte> entry, string actionHash, out string? reason);
}

/// <summary>The seal of this machine's action cache.</summary>
public static class ResultSeals
{
    /// <summary>It.</summary>
    public static IResultSeal Local { get; } = new ChecksumSeal();

    /// <summary>The blobs that an entry names: what an entry keeps alive. Null where it does not open.</summary>
    public static IReadOnlyCollection<Digest>? BlobsOf(string actionHash, ReadOnlySpan<byte> entry)
    {
        if (Local.TryOpen(entry, actionHash, out _) is not { } result)
        {
            return null;
        }

        var blobs = new List<Digest>(result.Outputs.Length + 3);
        foreach (var output in result.Outputs)
        {
            if (output.Target is null)
            {
                blobs.Add(output.Digest);
            }
        }

        foreach (var digest in (ReadOnlySpan<Digest?>)[result.Log, result.LogIndex, result.Summary])
        {
            if (digest is { } named)
            {
                blobs.Add(named);
            }
        }

        return blobs;
    }
}
