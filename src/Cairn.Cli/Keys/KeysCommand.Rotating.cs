using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Syntax;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification.Editing;
using Cairn.Trust.Verification.Reading;

namespace Cairn.Cli.Keys;

/// <content><c>rotate</c>: a new key in the place of another one, with a statement that both signed.</content>
internal sealed partial class KeysCommand
{
    private Command CreateRotate()
    {
        var name = new Argument<string?>("NAME") { Description = "The key; the one that signs where it is left out", Arity = ArgumentArity.ZeroOrOne };
        var overlap = new Option<string?>("--overlap") { Description = "How long the old key counts still, such as 30d, so that what it signed in the cache does; not at all where it is left out", HelpName = "DURATION" };
        var encrypt = new Option<bool>("--encrypt") { Description = "Encrypt the new key although the old one is not" };
        var descriptor = Passphrases.CreateOption();
        var command = new Command("rotate", "Put a new key in the place of one, with a statement signed by both for those who believe the old one") { name, overlap, encrypt, descriptor };
        command.SetAction((parsed, cancellationToken) =>
        {
            var kept = TimeSpan.Zero;
            if (parsed.GetValue(overlap) is { } text && !Durations.TryParse(text, out kept, out var error))
            {
                return Task.FromResult(DiagnosticPrinter.Usage(_services, $"`--overlap {text}` is no duration: {error}", "durations are written `12h` or `30d`"));
            }

            return WithLockAsync(
                (folder, trustFile) =>
                {
                    using var passphrases = new Passphrases(_services, parsed.GetValue(descriptor));
                    return Load() is { } trust && FindRow(folder, trust, parsed.GetValue(name) ?? trust.Signer) is { } row
                        ? Rotate(folder, trustFile, trust, row, kept, parsed.GetValue(encrypt), passphrases, parsed.GetValue(_json))
                        : ExitCodes.Usage;
                },
                cancellationToken);
        });
        return command;
    }

    private int Rotate(KeyFolder folder, string trustFile, LoadedTrust trust, KeyRow row, TimeSpan overlap, bool encrypt, Passphrases passphrases, bool asJson)
    {
        var now = _services.Time.GetUtcNow();
        var at = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        if (ProblemOfRotation(folder, row, at) is { } problem)
        {
            return DiagnosticPrinter.Usage(_services, problem.Message, problem.Help);
        }

        using var old = passphrases.Open(folder, row.Name);
        if (old is null)
        {
            return ExitCodes.Usage;
        }

        char[]? passphrase = row.Stored!.IsEncrypted ? [.. passphrases.Last] : null;
        if (passphrase is null && encrypt && (passphrase = passphrases.New(row.Name)) is null)
        {
            return ExitCodes.Usage;
        }

        // In this order, so that whatever ends it half-way leaves both keys on the disk, and a trust store that names none that is not.
        using var next = NewKey();
        var (archive, staged) = (Free(folder, trust, $"{row.Name}-until-{at.UtcDateTime:yyyyMMdd}"), $"{row.Name}.next");
        var statement = KeyRotation.Sign(old, next, at, at + overlap, row.Name).ToJson();
        Keep(folder, staged, next, passphrase);
        if (!folder.TryCopy(row.Name, archive))
        {
            throw new IOException($"`{folder.PathOf(archive)}` appeared meanwhile");
        }

        var file = KeepRotation(folder, archive, statement);
        var counts = row.Trusted is not null || row.Signs;
        if (counts && !IsDone(TrustFileWriter.Edit(trustFile, EditsOf(folder, trust, row, next.PublicKey, archive, file))))
        {
            Discard(folder, staged, archive, file);
            return ExitCodes.Usage;
        }

        folder.Replace(row.Name, staged);
        return Report(
            asJson,
            folder,
            row.Name,
            $"rotated {row.Name} to {next.PublicKey.Id}",
            !counts ? $"the old key is {archive}; neither is trusted for anything here, as before" : $"the old key is {archive}{(overlap > TimeSpan.Zero ? $", and counts until {TrustTimes.Write(at + overlap)}" : "; what it signed in the cache counts no more, receipts of its time can be verified still")}",
            $"for those who believe it: cairn keys trust {Path.Combine(folder.Path, file)}");
    }

    private static (string Message, string? Help)? ProblemOfRotation(KeyFolder folder, KeyRow row, DateTimeOffset now)
    {
        if (row.Trusted is { Signer.IsEmpty: false } external)
        {
            return ($"The key `{external.Name}` is signed with by a command, and so is made where that reaches it", "make the new one there, and trust it with `cairn keys trust`");
        }

        if (row.Stored is not { IsPrivateHere: true })
        {
            return ($"The private key of `{row.Name}` is not on this machine, so that it cannot sign its successor", "rotate it where it is");
        }

        if (row.Trusted?.ProblemAt(now) is { } problem)
        {
            return ($"Nobody would believe this rotation: {problem}", $"make a key of its own: `cairn keys generate NAME`, and have it trusted");
        }

        return File.Exists(folder.PathOf($"{row.Name}.next"))
            ? ($"A rotation of `{row.Name}` was not finished: `{folder.PathOf($"{row.Name}.next")}` is left", $"if the trust store has its rotation, move the file and its `.pub` to `{row.Name}`; else remove both")
            : null;
    }

    /// <summary>What the trust store says afterwards: the old key with its roles, the statement, and, where the old one was not listed, the new one by its name.</summary>
    private static List<Func<SourceText, TrustEdit>> EditsOf(KeyFolder folder, LoadedTrust trust, KeyRow row, PublicKey next, string archive, string file)
    {
        var edits = new List<Func<SourceText, TrustEdit>>();
        if (row.Trusted is null)
        {
            edits.Add(text => TrustFileEditor.AddKey(text, archive, [Public(row.Key), new("own", "true")]));
            if (IsFree(trust, row.Name))
            {
                edits.Add(text => TrustFileEditor.AddKey(text, row.Name, [Public(next)]));
            }
        }

        edits.Add(text => TrustFileEditor.AddRotation(text, ReferenceTo(folder, file)));
        return edits;

        static KeyValuePair<string, string> Public(VerificationKey key) => new("public", TrustFileEditor.Scalar(Convert.ToBase64String(key.Spki.AsSpan())));
    }

    private static void Discard(KeyFolder folder, string staged, string archive, string file)
    {
        foreach (var name in (ReadOnlySpan<string>)[staged, archive])
        {
            File.Delete(folder.PathOf(name));
            File.Delete(folder.PublicPathOf(name));
        }

        File.Delete(Path.Combine(folder.Path, file));
    }

    private static string Free(KeyFolder folder, LoadedTrust trust, string name)
    {
        var free = name;
        for (var i = 2; File.Exists(folder.PathOf(free)) || File.Exists(folder.PublicPathOf(free)) || !IsFree(trust, free); i++)
        {
            free = $"{name}-{i}";
        }

        return free;
    }

    private static bool IsFree(LoadedTrust trust, string name) => !trust.File!.Store.Keys.Any(key => string.Equals(key.Name, name, StringComparison.Ordinal));
}
