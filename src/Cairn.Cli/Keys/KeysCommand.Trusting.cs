using System.CommandLine;
using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;
using Cairn.Trust.Verification.Editing;
using Cairn.Trust.Verification.Reading;

namespace Cairn.Cli.Keys;

/// <content><c>trust</c>, <c>distrust</c> and <c>revoke</c>: edits of the trust store.</content>
internal sealed partial class KeysCommand
{
    private Command CreateTrust()
    {
        var key = new Argument<string>("KEY") { Description = "A key of the folder, a file with a public key or a rotation statement, or a public key in base64" };
        var name = new Option<string?>("--name") { Description = "What to call it in the trust store", HelpName = "NAME" };
        var tier = new Option<string?>("--tier") { Description = $"The highest tier that its word is worth: {string.Join(", ", TierWords.Words)}; branch where it is left out", HelpName = "TIER" };
        tier.CompletionSources.Add(_ => TierWords.Words.Select(static word => new System.CommandLine.Completions.CompletionItem(word)));
        var builders = Many("--builder", "URI", "A builder that it may speak for; any where none is named; may be repeated");
        var projects = Many("--project", "PATTERN", "Projects whose receipts it may sign; any where none is named; may be repeated");
        var pipelines = Many("--pipeline", "PATTERN", "Pipelines whose receipts it may sign; may be repeated");
        var steps = Many("--step", "PATTERN", "Steps that it may sign for; may be repeated");
        var from = new Option<string?>("--from") { Description = "From when on it counts: a day, or a moment", HelpName = "TIME" };
        var until = new Option<string?>("--until") { Description = "Until when it counts", HelpName = "TIME" };
        var owner = new Option<string?>("--owner") { Description = "Whose it is; thresholds by owner count people", HelpName = "WHO" };
        var own = new Option<bool>("--own") { Description = "It is this machine's own, so that its results without isolation count here too" };
        var command = new Command("trust", "Believe a key, or a rotation of one that is believed") { key, name, tier, builders, projects, pipelines, steps, from, until, owner, own };
        command.SetAction((parsed, cancellationToken) => WithLockAsync(
            (folder, trustFile) =>
            {
                if (Load() is not { } trust || FindGiven(folder, parsed.GetValue(key)!) is not { } given)
                {
                    return ExitCodes.Usage;
                }

                if (given.Rotation is { } rotation)
                {
                    return TrustRotation(folder, trustFile, trust, given, rotation, parsed.GetValue(_json));
                }

                if (trust.File!.Store.Keys.FirstOrDefault(k => k.Key.Equals(given.Key)) is { } known)
                {
                    return DiagnosticPrinter.Usage(_services, $"This key is in the trust store already, as `{known.Name}`", $"change its roles in `{trustFile}`, or `cairn keys distrust {known.Name}` first");
                }

                var chosen = parsed.GetValue(name) ?? given.Name;
                if (!IsFreeName(trust, chosen))
                {
                    return ExitCodes.Usage;
                }

                var members = new List<KeyValuePair<string, string>> { new("public", TrustFileEditor.Scalar(Convert.ToBase64String(given.Key!.Spki.AsSpan()))) };
                Member("owner", parsed.GetValue(owner) is { } who ? TrustFileEditor.Scalar(who) : null);
                Member("tier", parsed.GetValue(tier) is { } word ? TrustFileEditor.Scalar(word) : null);
                Member("builders", ListOf(parsed.GetValue(builders)));
                Member("projects", ListOf(parsed.GetValue(projects)));
                Member("pipelines", ListOf(parsed.GetValue(pipelines)));
                Member("steps", ListOf(parsed.GetValue(steps)));
                if (!TryTime(parsed.GetValue(from), "--from", out var begin) || !TryTime(parsed.GetValue(until), "--until", out var end))
                {
                    return ExitCodes.Usage;
                }

                Member("from", begin);
                Member("until", end);
                Member("own", parsed.GetValue(own) ? "true" : null);
                return IsDone(TrustFileWriter.Edit(trustFile, text => TrustFileEditor.AddKey(text, chosen, members)))
                    ? Report(parsed.GetValue(_json), folder, given.Key.Id, $"trusted {chosen} {given.Key.Id}", $"in {trustFile}")
                    : ExitCodes.Usage;

                void Member(string member, string? value)
                {
                    if (value is not null)
                    {
                        members.Add(new(member, value));
                    }
                }
            },
            cancellationToken));
        return command;
    }

    private Command CreateDistrust()
    {
        var name = new Argument<string>("KEY") { Description = "Its name in the trust store, or the beginning of its id" };
        var command = new Command("distrust", "Take a key out of the trust store, as if it had never been there") { name };
        command.SetAction((parsed, cancellationToken) => WithLockAsync(
            (folder, trustFile) =>
            {
                if (Load() is not { } trust || FindRow(folder, trust, parsed.GetValue(name)!) is not { } row)
                {
                    return ExitCodes.Usage;
                }

                if (row.Trusted is not { } trusted)
                {
                    return DiagnosticPrinter.Usage(_services, row.Signs ? $"The key `{row.Name}` counts because it signs here, not by the trust store" : $"The key `{row.Name}` is not in the trust store", row.Signs ? $"`cairn keys revoke {row.Name}` says that it must not count any more" : null);
                }

                if (!HasOwnEntry(trust, trusted))
                {
                    return DiagnosticPrinter.Usage(_services, $"The key `{trusted.Name}` is trusted by a rotation of `{trusted.Predecessors[^1]}`", $"take that statement out of `rotations` in `{trustFile}`, or `cairn keys revoke {trusted.Name}`");
                }

                return IsDone(TrustFileWriter.Edit(trustFile, text => TrustFileEditor.RemoveKey(text, trusted.Name)))
                    ? Report(parsed.GetValue(_json), folder, row.Key.Id, $"distrusted {trusted.Name} {row.Key.Id}", row.Signs ? "it signs here, and counts on this machine still: cairn keys revoke ends that" : $"in {trustFile}")
                    : ExitCodes.Usage;
            },
            cancellationToken));
        return command;
    }

    private Command CreateRevoke()
    {
        var name = new Argument<string>("KEY") { Description = "Its name, or the beginning of its id" };
        var reason = new Option<string?>("--reason") { Description = "Why, for those who read it later", HelpName = "TEXT" };
        var since = new Option<string?>("--since") { Description = "Since when somebody else may have it; now where it is left out", HelpName = "TIME" };
        var command = new Command("revoke", "Note that a key must not count any more, whatever time its signatures claim") { name, reason, since };
        command.SetAction((parsed, cancellationToken) => WithLockAsync(
            (folder, trustFile) =>
            {
                if (Load() is not { } trust || FindRow(folder, trust, parsed.GetValue(name)!) is not { } row || !TryTime(parsed.GetValue(since), "--since", out var moment))
                {
                    return ExitCodes.Usage;
                }

                var value = $"{{ since: {moment ?? TrustTimes.Write(_services.Time.GetUtcNow())}{(parsed.GetValue(reason) is { } why ? $", reason: {TrustFileEditor.Scalar(why)}" : "")} }}";
                var isListed = row.Trusted is { } listed && HasOwnEntry(trust, listed);
                var entry = row.Trusted?.Name ?? row.Name;
                if (!isListed && row.Trusted is null && !IsFreeName(trust, entry))
                {
                    return ExitCodes.Usage;
                }

                var change = TrustFileWriter.Edit(trustFile, text => isListed
                    ? TrustFileEditor.SetMember(text, entry, "revoked", value)
                    : TrustFileEditor.AddKey(text, entry, [new("public", TrustFileEditor.Scalar(Convert.ToBase64String(row.Key.Spki.AsSpan()))), new("revoked", value)]));
                return IsDone(change)
                    ? Report(parsed.GetValue(_json), folder, row.Key.Id, $"revoked {row.Name} {row.Key.Id}", row.Signs ? "it signs here: make another one with `cairn keys generate NAME`, and choose it with `sign_with: NAME` or `--key NAME`" : $"in {trustFile}")
                    : ExitCodes.Usage;
            },
            cancellationToken));
        return command;
    }

    private sealed record GivenKey(string Name, VerificationKey? Key, KeyRotation? Rotation, byte[] Content);

    /// <summary>The key that a person means; null after telling that it is none.</summary>
    private GivenKey? FindGiven(KeyFolder folder, string given)
    {
        var file = Path.GetFullPath(Path.Combine(_services.CurrentDirectory, given));
        if (KeyNames.IsName(given) && folder.FindPublic(given) is { } known)
        {
            return new GivenKey(given, known, null, []);
        }

        try
        {
            if (!File.Exists(file))
            {
                return given.Length > 40 ? new GivenKey("", KeyPem.ReadVerificationText(given), null, []) : Refuse($"There is neither a key nor a file `{given}`", "`cairn keys list` shows the keys there are");
            }

            if (ReadKeyFile(given) is not { } text)
            {
                return null;
            }

            if (!text.TrimStart().StartsWith('{'))
            {
                return new GivenKey(NameOf(given), KeyPem.ReadVerificationText(text), null, []);
            }

            var content = Encoding.UTF8.GetBytes(text);
            return KeyRotation.TryRead(content, out var problem) is { } rotation
                ? new GivenKey(NameOf(given), null, rotation, content)
                : Refuse($"`{given}` is no rotation statement that counts: {problem}", null);
        }
        catch (KeyFormatException exception)
        {
            return Refuse($"The key `{given}` is refused: {exception.Message}", null);
        }

        GivenKey? Refuse(string message, string? help)
        {
            DiagnosticPrinter.Usage(_services, message, help);
            return null;
        }
    }

    /// <summary>Accepts a rotation of a key that is trusted: its successor takes over its roles.</summary>
    private int TrustRotation(KeyFolder folder, string trustFile, LoadedTrust trust, GivenKey given, KeyRotation rotation, bool asJson)
    {
        if (trust.File!.Store.Keys.FirstOrDefault(key => key.Key.Equals(rotation.Old)) is not { } old)
        {
            return DiagnosticPrinter.Usage(_services, $"This is a rotation of the key `{rotation.Old.Id}`, which is not in the trust store", "nothing follows from it; trust the new key by itself if you know whose it is");
        }

        if (trust.File.Store.Keys.Any(key => key.Key.Equals(rotation.New) && key.Lineage is not null))
        {
            return DiagnosticPrinter.Usage(_services, $"The rotation of `{old.Name}` is in the trust store already");
        }

        var file = KeepRotation(folder, $"{old.Name}-{rotation.At.UtcDateTime:yyyyMMdd}", given.Content);
        return IsDone(TrustFileWriter.Edit(trustFile, text => TrustFileEditor.AddRotation(text, ReferenceTo(folder, file))))
            ? Report(asJson, folder, rotation.New.Id, $"trusted {rotation.New.Id}", $"in the place of {old.Name}, with its roles, from {TrustTimes.Write(rotation.At)}")
            : ExitCodes.Usage;
    }

    /// <summary>Keeps a rotation statement under a name that is free; its file's name.</summary>
    private static string KeepRotation(KeyFolder folder, string name, byte[] content)
    {
        for (var i = 1; ; i++)
        {
            var file = $"{name}{(i == 1 ? "" : $"-{i}")}.rotation.json";
            var path = Path.Combine(folder.Path, file);
            Directory.CreateDirectory(folder.Path);
            if (KeyFolder.TryCreate(path, content, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead) || File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
            {
                return file;
            }
        }
    }

    /// <summary>How the trust store names a file in the folder of keys.</summary>
    private static string ReferenceTo(KeyFolder folder, string file) => $"{TrustFileReferences.Scheme}{Path.GetFileName(folder.Path.TrimEnd('/'))}/{file}";

    /// <summary>Whether a key has an entry of its own, and is not there by a rotation alone.</summary>
    private static bool HasOwnEntry(LoadedTrust trust, TrustedKey key) => trust.File!.Listed.Contains(key.Name, StringComparer.Ordinal);

    private bool IsFreeName(LoadedTrust trust, string name)
    {
        if (!KeyNames.IsName(name))
        {
            DiagnosticPrinter.Usage(_services, name.Length == 0 ? "The key needs a name" : $"`{name}` cannot be the name of a key", name.Length == 0 ? "give it with `--name NAME`" : KeyNames.Rule);
            return false;
        }

        if (trust.File!.Store.Keys.Any(key => string.Equals(key.Name, name, StringComparison.Ordinal)))
        {
            DiagnosticPrinter.Usage(_services, $"There is another key `{name}` in the trust store", "choose another name: `--name NAME`");
            return false;
        }

        return true;
    }

    /// <summary>A moment as the trust store writes it; false after telling that it is none.</summary>
    private bool TryTime(string? text, string option, out string? written)
    {
        written = null;
        if (text is null)
        {
            return true;
        }

        if (TrustTimes.TryRead(text) is not { } time)
        {
            DiagnosticPrinter.Usage(_services, $"`{option}` takes a time, not `{text}`", TrustTimes.Hint);
            return false;
        }

        written = text.Length == "2026-11-21".Length ? text : TrustTimes.Write(time);
        return true;
    }

    private static string? ListOf(string[]? values) => values is { Length: > 0 } ? TrustFileEditor.List(values) : null;

    private static Option<string[]> Many(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}
