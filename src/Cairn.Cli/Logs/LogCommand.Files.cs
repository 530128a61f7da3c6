using System.Collections.Immutable;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Trust;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Logs;

/// <content>What a user names: files with what was signed, keys of who signed it, keys of logs.</content>
internal sealed partial class LogCommand
{
    /// <summary>What a file holds, as an entry of a log.</summary>
    private sealed record SignedEntry(string Where, LogEntry Entry, Envelope Envelope, PublicKey Key);

    /// <summary>The keys whose signatures are known here; null after telling what is wrong.</summary>
    private TrustStore? SignersOf(string[] files)
    {
        var trust = TrustFiles.Load(KeyFolders.Of(_services));
        DiagnosticPrinter.Print(_services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return null;
        }

        var keys = trust.Store.Keys.ToBuilder();
        foreach (var file in files)
        {
            if (ReadFile(file, Trust.Limits.KeyFileBytesMax) is not { } bytes)
            {
                return null;
            }

            try
            {
                var key = KeyPem.ReadPublic(System.Text.Encoding.UTF8.GetString(bytes));
                if (!keys.Any(k => k.Key.Equals(key)))
                {
                    keys.Add(new TrustedKey { Key = key, Name = file });
                }
            }
            catch (KeyFormatException exception)
            {
                DiagnosticPrinter.Problem(_services, $"The key `{file}` cannot be used: {exception.Message}", "give an Ed25519 public key as PEM", DiagnosticCodes.LogKeyUnreadable);
                return null;
            }
        }

        return new TrustStore(keys.ToImmutable(), []);
    }

    /// <summary>The entries of what a file holds; null after telling why it can have none.</summary>
    private List<SignedEntry>? EntriesOf(string file, TrustStore signers)
    {
        if (ReadFile(file, Trust.Limits.EnvelopeBytesMax) is not { } bytes)
        {
            return null;
        }

        var read = AttestationFile.Read(file, bytes);
        var problem = read.Refused is [var refused, ..] ? $"`{refused.Where}` is refused: {refused.Problem}" : read.Found.IsEmpty ? $"`{file}` holds nothing that is signed" : null;
        var entries = new List<SignedEntry>();
        foreach (var found in read.Found)
        {
            if (found.Envelope is not { } envelope)
            {
                problem ??= $"`{found.Where}` is a signature without a statement";
                continue;
            }

            var before = entries.Count;
            foreach (var signer in signers.SignersOf(envelope))
            {
                // An entry is of one signature: an envelope with several becomes several.
                if (signer.Key is PublicKey key && envelope with { Signatures = [envelope.FindSignatureOf(key)!] } is var single && LogEntry.TryMake(single, key, out _) is { } entry)
                {
                    entries.Add(new SignedEntry(found.Where, entry, single, key));
                }
            }

            problem ??= entries.Count > before ? null : $"No Ed25519 key that is known here signed `{found.Where}`";
        }

        if (problem is null)
        {
            return entries;
        }

        DiagnosticPrinter.Problem(_services, problem, "`--public-key FILE` gives the key of what others signed", DiagnosticCodes.LogEntryRefused);
        return null;
    }

    private byte[]? ReadFile(string file, int bytesMax)
    {
        if (NamedFile.TryRead(Path.GetFullPath(file, _services.CurrentDirectory), bytesMax, out var problem) is { } bytes)
        {
            return bytes;
        }

        DiagnosticPrinter.Problem(_services, $"`{file}` cannot be read: {problem}", null, DiagnosticCodes.LogEntryRefused);
        return null;
    }

    /// <summary>Keys of logs; null after telling what is wrong with one.</summary>
    private ImmutableArray<NoteVerifier>? VerifiersOf(string[] texts)
    {
        var keys = ImmutableArray.CreateBuilder<NoteVerifier>();
        foreach (var text in texts)
        {
            var isFile = File.Exists(Path.GetFullPath(text, _services.CurrentDirectory));
            var content = !isFile ? text : ReadFile(text, Trust.Limits.KeyFileBytesMax) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes).Trim() : null;
            if (content is null || NoteVerifier.TryParse(content, out var problem) is not { } key)
            {
                DiagnosticPrinter.Problem(_services, $"`{text}` is no key of a log", "`cairn log init`, or `checkpoint --json`, tells it on the machine of the log: name+id+base64", DiagnosticCodes.LogKeyUnreadable);
                return null;
            }

            keys.Add(key);
        }

        return keys.DrainToImmutable();
    }
}
