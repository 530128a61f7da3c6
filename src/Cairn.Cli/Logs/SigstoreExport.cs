using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;

namespace Cairn.Cli.Logs;

/// <summary>Writes an envelope that the machine's log has as a Sigstore bundle, and the trusted root that goes with it.</summary>
internal static class SigstoreExport
{
    private static readonly DateTimeOffset Since = DateTimeOffset.UnixEpoch;

    /// <summary>The bundle of an envelope; null after telling why there is none.</summary>
    public static byte[]? Bundle(CommandServices services, Envelope envelope)
    {
        using var log = TrustedLogs.OpenOwn(services);
        if (log?.Settings is not { } settings)
        {
            return Refuse(services, "this machine has no log", "the first run makes one, or `cairn log init`");
        }

        if (KeyOf(services, envelope) is not { } key)
        {
            return Refuse(services, envelope.Signatures.Length == 1 ? "none of the keys here signed it" : "it has not one signature", "`cairn keys import` its public key, or trust it");
        }

        if (LogEntry.TryMake(envelope, key, out var problem) is not { } entry)
        {
            return Refuse(services, problem!, null);
        }

        var leaf = entry.Encode();
        if (log.Prove(MerkleHash.Leaf(leaf)) is not { } proof || log.FindRow(proof.Inclusion.Index) is not { } row)
        {
            return Refuse(services, "the log of this machine does not have it", "`cairn log append FILE` adds an attestation");
        }

        using var logKey = log.Keys!.OpenOrCreateP256();
        return SigstoreWriter.Bundle(envelope, key.Id, leaf, row.Time, proof, settings.Name, logKey);
    }

    /// <summary>The trusted root of the machine's log; null after telling why there is none.</summary>
    public static byte[]? TrustedRoot(CommandServices services)
    {
        using var log = TrustedLogs.OpenOwn(services);
        if (log?.Settings is not { } settings)
        {
            return Refuse(services, "this machine has no log", "the first run makes one, or `cairn log init`");
        }

        using var key = log.Keys!.OpenOrCreateP256();
        return SigstoreWriter.TrustedRoot(settings.Name, key.PublicKey, Since);
    }

    private static PublicKey? KeyOf(CommandServices services, Envelope envelope)
    {
        if (envelope.Signatures.Length != 1)
        {
            return null;
        }

        var keys = KeyFolders.Of(services);
        if (TrustFiles.Load(keys).Store.SignersOf(envelope) is [{ Key: PublicKey trusted }, ..])
        {
            return trusted;
        }

        // A key that signs here need not be believed here.
        var folder = keys is null ? null : new KeyFolder(keys);
        return folder?.Names().Select(folder.FindPublic).OfType<PublicKey>().FirstOrDefault(k => envelope.FindSignatureOf(k) is not null);
    }

    private static byte[]? Refuse(CommandServices services, string problem, string? help)
    {
        DiagnosticPrinter.Problem(services, $"No Sigstore bundle can be written: {problem}", help, DiagnosticCodes.SigstoreUnwritable);
        return null;
    }
}
