using System.CommandLine;
using System.Globalization;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Engine.Trust;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Verification.Editing;

namespace Cairn.Cli.Logs;

/// <summary><c>cairn sigstore trusted-root import</c>: believes the logs of a trusted root from now on.</summary>
internal static class SigstoreImport
{
    private const int BytesMax = 4 << 20;

    public static Command Create(CommandServices services)
    {
        var file = new Argument<string>("FILE") { Description = "The trusted root: JSON, as Sigstore's clients have it" };
        var command = new Command("import", "Believe the transparency logs of a trusted root: they are written to `logs` in trust.yaml") { file };
        command.SetAction((parsed, cancellationToken) => ImportAsync(services, parsed.GetValue(file)!, cancellationToken));
        return command;
    }

    private static async Task<int> ImportAsync(CommandServices services, string file, CancellationToken cancellationToken)
    {
        if (KeyFolders.Of(services) is not { } keys)
        {
            return DiagnosticPrinter.Usage(services, "There is no home, and so no trust.yaml", "set HOME, or XDG_CONFIG_HOME");
        }

        if (Read(services, file) is not { } root)
        {
            return ExitCodes.Usage;
        }

        var path = TrustFiles.PathOf(keys)!;
        using var held = await TrustFileWriter.LockAsync(path, holder => services.Error.Write($"waiting for {holder}\n"), services.Time, cancellationToken);
        var trust = TrustFiles.Load(keys);
        DiagnosticPrinter.Print(services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return ExitCodes.Usage;
        }

        var now = services.Time.GetUtcNow();
        var text = new ByteText();
        var edits = new List<Func<SourceText, TrustEdit>>();
        foreach (var logs in root.Logs.GroupBy(static l => l.Key.Name, StringComparer.Ordinal))
        {
            var valid = logs.Where(l => l.Since <= now && (l.Until is null || l.Until > now)).Select(static l => l.Key).Distinct().ToArray();
            foreach (var past in logs.Where(l => !valid.Contains(l.Key)))
            {
                text.Append($"left out  {AnsiText.Clean(logs.Key)}: {past.Key} is to be believed {(past.Since > now ? "from" : "until")} {Day(past.Since > now ? past.Since : past.Until!.Value)} only").Line();
            }

            if (valid.Length == 0)
            {
                continue;
            }

            if (trust.Store.Logs.Logs.FirstOrDefault(l => l.Origin == logs.Key) is { } known)
            {
                if (Array.Exists(valid, k => !known.Keys.Contains(k)))
                {
                    DiagnosticPrinter.Problem(services, $"`{path}` has other keys of the log `{logs.Key}`; nothing is imported", $"see which of them is right, and take `{logs.Key}` out of `logs` if it is not that one", DiagnosticCodes.TrustedRootUnusable);
                    return ExitCodes.Usage;
                }

                text.Append($"known     {AnsiText.Clean(logs.Key)}").Line();
                continue;
            }

            edits.Add(source => TrustFileEditor.AddLog(source, logs.Key, valid.Select(static k => k.ToString())));
            foreach (var key in valid)
            {
                text.Append($"added     {AnsiText.Clean(logs.Key)}: {key}").Line();
            }
        }

        if (edits.Count > 0)
        {
            var change = TrustFileWriter.Edit(path, edits);
            DiagnosticPrinter.Print(services, change.Diagnostics, change.Sources);
            if (!change.IsDone)
            {
                return ExitCodes.Usage;
            }
        }

        return Tell(services, root, path, edits.Count, text);
    }

    private static int Tell(CommandServices services, SigstoreTrustedRoot root, string path, int added, ByteText text)
    {
        foreach (var (name, problem) in root.Refused)
        {
            text.Append($"left out  {AnsiText.Clean(name)}: {AnsiText.Clean(problem)}").Line();
        }

        if (root.Others > 0)
        {
            text.Append(string.Create(CultureInfo.InvariantCulture, $"left out  {root.Others} {(root.Others == 1 ? "authority" : "authorities")} of certificates and times: keys are believed here, and not certificates")).Line();
        }

        if (added > 0)
        {
            text.Append($"Written to `logs` in {AnsiText.Clean(path)}: from now on entries of {(added == 1 ? "this log" : "these logs")} count. Take out what you do not believe").Line();
        }

        _ = WhyCommand.Write(services, text);
        return ExitCodes.Success;
    }

    private static SigstoreTrustedRoot? Read(CommandServices services, string file)
    {
        string? problem;
        if (NamedFile.TryRead(Path.GetFullPath(file, services.CurrentDirectory), BytesMax, out problem) is { } bytes && SigstoreTrustedRoot.TryRead(bytes, out problem) is { } root)
        {
            if (!root.Logs.IsEmpty)
            {
                return root;
            }

            problem = $"it has no log that could be believed: `{root.Refused[0].Name}`: {root.Refused[0].Problem}";
        }

        DiagnosticPrinter.Problem(services, $"The trusted root `{file}` cannot be imported: {problem}", "`cairn sigstore trusted-root` writes one of this machine's log; Sigstore's own comes with its clients", DiagnosticCodes.TrustedRootUnusable);
        return null;
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
