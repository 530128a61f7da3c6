using System.CommandLine;
using System.Globalization;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Logs;

/// <content>Proofs.</content>
internal sealed partial class LogCommand
{
    private const int CheckpointBytesMax = 1 << 18;

    private Command CreateProve()
    {
        var what = new Argument<string>("FILE|SEQUENCE|HASH") { Description = "A receipt or attestation; or the number of an entry; or a hash that its row has (at least 8 digits)" };
        var output = OutputFile.CreateOption();
        var signers = new Option<string[]>("--public-key") { Description = "A public key (PEM) that signed FILE and is not trusted here", HelpName = "FILE" };
        var (place, keys) = (PlaceOption(), KeyOption());
        var command = new Command("prove", "Write a proof that an entry stands in the log, which needs no network to be verified (C2SP tlog-proof)") { what, signers, output, place, keys };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed, place, keys, async log =>
            await FindEntryAsync(log, parsed.GetValue(what)!, parsed.GetValue(signers) ?? [], cancellationToken) is { } index
                ? OutputFile.Write(_services, parsed.GetValue(output), (await log.ProveAsync(index, cancellationToken)).ToBytes())
                : _exit));
        return command;
    }

    private Command CreateVerify()
    {
        var file = new Argument<string>("FILE") { Description = "A receipt or attestation" };
        var proof = new Option<string?>("--proof") { Description = "A proof that `prove` wrote [default: FILE.tlog-proof, or the machine's own log]", HelpName = "FILE" };
        var signers = new Option<string[]>("--public-key") { Description = "A public key (PEM) that signed FILE and is not trusted here", HelpName = "FILE" };
        var (place, keys) = (PlaceOption(), KeyOption());
        var json = Json();
        var command = new Command("verify", "Verify that something stands in a log; `cairn verify` verifies all the rest too") { file, proof, place, keys, signers, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(proof) is not null && result.GetValue(place) is not null)
            {
                result.AddError("`--log` asks a log, and `--proof` needs none: give one of them");
            }
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var target = parsed.GetValue(file)!;
            var beside = target + TlogProof.Ending;
            var path = parsed.GetValue(place) is not null ? null : parsed.GetValue(proof) ?? (File.Exists(Path.GetFullPath(beside, _services.CurrentDirectory)) ? beside : null);
            if (SignersOf(parsed.GetValue(signers) ?? []) is not { } known || EntriesOf(target, known) is not { } entries)
            {
                return Task.FromResult(ExitCodes.Usage);
            }

            return path is null
                ? AskAsync(parsed, place, keys, log => VerifyInAsync(log, entries, parsed.GetValue(json), cancellationToken))
                : Task.FromResult(VerifyBy(path, target, entries, parsed.GetValue(keys) ?? [], parsed.GetValue(json)));
        });
        return command;
    }

    /// <summary>Each attestation of a file has to stand in the log, by one of its signatures.</summary>
    private async Task<int> VerifyInAsync(AskedLog log, List<SignedEntry> entries, bool json, CancellationToken cancellationToken)
    {
        var exit = ExitCodes.Success;
        foreach (var attestation in entries.GroupBy(static e => e.Where, StringComparer.Ordinal))
        {
            TlogProof? proof = null;
            foreach (var entry in attestation)
            {
                if (proof is null && await log.FindAsync(MerkleHash.Leaf(entry.Entry.Encode()), cancellationToken) is { } index)
                {
                    proof = await log.ProveAsync(index, cancellationToken);
                }
            }

            var told = TellVerified(json, proof, attestation.Key, $"{(attestation.Count() == entries.Count ? "It" : $"`{attestation.Key}`")} does not stand in {log.Name}");
            exit = told == ExitCodes.Success ? exit : told;
        }

        return exit;
    }

    private int VerifyBy(string path, string target, List<SignedEntry> entries, string[] keys, bool json)
    {
        if (VerifiersOf(keys) is not { } verifiers || TrustedLogs.Of(_services) is not { } trust || ReadFile(path, Trust.Limits.TlogProofBytesMax) is not { } bytes)
        {
            return ExitCodes.Usage;
        }

        if (entries.DistinctBy(static e => e.Where, StringComparer.Ordinal).Count() > 1)
        {
            return DiagnosticPrinter.Usage(_services, $"`{target}` has several attestations, and a proof is of one", "verify a file of each, or ask the log with --log");
        }

        if (TlogProof.TryRead(bytes, out var problem) is not { } read)
        {
            return TellVerified(json, null, target, $"`{path}` is no proof: {problem}");
        }

        var judged = (verifiers.IsEmpty ? trust : new LogTrust([new TrustedLog(read.Checkpoint.Origin, verifiers)], trust.Witnesses)).Judge(read.Note, _services.Time.GetUtcNow(), out problem);
        problem = judged is null ? problem
            : entries.Exists(e => read.Inclusion.Verifies(MerkleHash.Leaf(e.Entry.Encode()), MerkleHash.Read(read.Checkpoint.Root.AsSpan()))) ? null
            : "its way does not lead from this entry to the root of the checkpoint";
        return TellVerified(json, problem is null ? read : null, target, $"`{path}` does not prove it: {problem}");
    }

    private Command CreateConsistency()
    {
        var old = new Argument<string>("CHECKPOINT|SIZE") { Description = "A checkpoint that was kept, which the log must have grown out of; or the size of one, to get the proof only" };
        var (place, keys) = (PlaceOption(), KeyOption());
        var json = Json();
        var command = new Command("consistency", "Prove that the log has only grown since an earlier checkpoint") { old, place, keys, json };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed, place, keys, log => ProveGrowthAsync(log, parsed.GetValue(old)!, parsed.GetValue(keys) ?? [], parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private async Task<int> ProveGrowthAsync(AskedLog log, string given, string[] keys, bool json, CancellationToken cancellationToken)
    {
        var newest = log.Checkpoint;
        var size = Checkpoint.TryParseSize(given);
        Checkpoint? kept = null;
        if (size is null)
        {
            if (ReadFile(given, CheckpointBytesMax) is not { } bytes || VerifiersOf(keys) is not { } verifiers)
            {
                return ExitCodes.Usage;
            }

            var trusted = verifiers.AddRange(log.Keys);
            if (SignedNote.TryParse(bytes, out var problem) is not { } note || Checkpoint.TryParse(note.Text, out problem) is not { } parsedNote)
            {
                DiagnosticPrinter.Problem(_services, $"`{given}` is no checkpoint: {problem}", null, DiagnosticCodes.LogProofRefused);
                return ExitCodes.Usage;
            }

            if (parsedNote.Origin != newest.Origin || !trusted.Any(k => k.Check(note) == NoteVerdict.Signed))
            {
                DiagnosticPrinter.Problem(_services, $"`{given}` is not a checkpoint of this log: {(parsedNote.Origin != newest.Origin ? $"it is of `{parsedNote.Origin}`" : "no key of the log signed it")}", "`--key KEY` gives an earlier key of the log", DiagnosticCodes.LogProofRefused);
                return ExitCodes.NotVerified;
            }

            (kept, size) = (parsedNote, parsedNote.Size);
        }

        if (size > newest.Size || size == 0)
        {
            DiagnosticPrinter.Problem(_services, string.Create(CultureInfo.InvariantCulture, $"The log has {newest.Size} entries: {(size == 0 ? "everything has grown out of the empty log" : $"it does not have the {size} that it had")}"), kept is null ? "give a smaller size" : "keep both checkpoints: they prove that the log was rewound", DiagnosticCodes.LogProofRefused);
            return kept is null ? ExitCodes.Usage : ExitCodes.NotVerified;
        }

        var proof = await log.ProveGrowthAsync(size.Value, cancellationToken);
        if (kept is not null && !proof.Verifies(MerkleHash.Read(kept.Root.AsSpan()), MerkleHash.Read(newest.Root.AsSpan())))
        {
            DiagnosticPrinter.Problem(_services, "The log has not grown out of that checkpoint: it was forked", "keep both checkpoints: they prove it", DiagnosticCodes.LogProofRefused);
            return ExitCodes.NotVerified;
        }

        return Print(json, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("old_size", proof.OldSize);
            writer.WriteNumber("new_size", proof.NewSize);
            writer.WriteBoolean("verified", kept is not null);
            writer.WriteStartArray("proof");
            foreach (var hash in proof.Path)
            {
                writer.WriteStringValue(hash.ToBase64());
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }, text =>
        {
            if (kept is not null)
            {
                text.Append(string.Create(CultureInfo.InvariantCulture, $"The first {proof.OldSize} of {proof.NewSize} entries are those of that checkpoint")).Line();
                return;
            }

            foreach (var hash in proof.Path)
            {
                text.Append(hash.ToBase64()).Line();
            }
        });
    }

    // The exit code after something was told.
    private int _exit = ExitCodes.Usage;

    private int TellVerified(bool json, TlogProof? proof, string target, string problem)
    {
        if (json)
        {
            JsonOutput.Write(_services, writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("file", target);
                writer.WriteBoolean("verified", proof is not null);
                if (proof is null)
                {
                    writer.WriteString("problem", problem);
                }
                else
                {
                    writer.WriteString("origin", proof.Checkpoint.Origin);
                    writer.WriteNumber("sequence", proof.Inclusion.Index);
                    writer.WriteNumber("size", proof.Checkpoint.Size);
                }

                writer.WriteEndObject();
            });
        }
        else if (proof is null)
        {
            DiagnosticPrinter.Problem(_services, problem, null, DiagnosticCodes.LogProofRefused);
        }
        else
        {
            _ = Print(json: false, static _ => { }, text => text.Append(string.Create(CultureInfo.InvariantCulture, $"`{AnsiText.Clean(target)}` is entry {proof.Inclusion.Index} of the log `{proof.Checkpoint.Origin}`, whose checkpoint has {proof.Checkpoint.Size}")).Line());
        }

        return proof is null ? ExitCodes.NotVerified : ExitCodes.Success;
    }

    /// <summary>The place of what a user names; null after telling why there is none.</summary>
    private async Task<long?> FindEntryAsync(AskedLog log, string what, string[] keys, CancellationToken cancellationToken)
    {
        var size = log.Checkpoint.Size;
        if (File.Exists(Path.GetFullPath(what, _services.CurrentDirectory)))
        {
            if (SignersOf(keys) is not { } signers || EntriesOf(what, signers) is not { } entries)
            {
                return null;
            }

            foreach (var entry in entries)
            {
                if (await log.FindAsync(MerkleHash.Leaf(entry.Entry.Encode()), cancellationToken) is { } found)
                {
                    return found;
                }
            }

            return NotThere($"`{what}` does not stand in {log.Name}", $"`cairn log append {what}` appends it");
        }

        if (Checkpoint.TryParseSize(what) is { } sequence && what.Length < HashCharactersMin + 2)
        {
            return sequence < size ? sequence : NotThere(string.Create(CultureInfo.InvariantCulture, $"The log has {size} entries, the last of which is {size - 1}"), null);
        }

        if (PrefixOf(what) is not { } prefix)
        {
            _exit = DiagnosticPrinter.Usage(_services, $"`{what}` is no file, no number and no hash", "name a receipt or an attestation, or what `cairn log tail` lists");
            return null;
        }

        var entriesFound = await log.SearchAsync([.. Columns.Select(static c => c.Column)], prefix, cancellationToken).Take(2).ToListAsync(cancellationToken);
        return entriesFound switch
        {
            [] => NotThere($"No entry has a hash that begins with `{prefix}`", null),
            [var only] => only.Sequence,
            _ => NotThere($"More than one entry has a hash that begins with `{prefix}`", $"`cairn log search {prefix}{log.Option}` lists them: give the number of one"),
        };

        long? NotThere(string message, string? help)
        {
            DiagnosticPrinter.Problem(_services, message, help, DiagnosticCodes.LogEntryMissing);
            _exit = ExitCodes.NotVerified;
            return null;
        }
    }
}
