using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Toolchains;
using Cairn.Engine;
using Cairn.Engine.Toolchains;
using Cairn.Engine.Tracing;
using Cairn.Execution.Toolchains;
using Cairn.Store.Content;

namespace Cairn.Cli.Commands;

/// <content><c>add</c> and <c>gc</c>.</content>
internal sealed partial class ToolchainCommand
{
    private static readonly string[] Kinds = ["debian", "oci", "archive", "step", "host", "dotnet"];

    private Command CreateAdd()
    {
        var name = new Argument<string>("NAME") { Description = "The name that steps use" };
        var kind = new Argument<string>("KIND") { Description = "debian, oci, archive, step, host or dotnet" };
        OptionValues.Restrict(kind, Kinds);
        var values = new Argument<string[]>("WHAT") { Description = "Packages, an image, addresses of an archive, a step, paths or a version", Arity = ArgumentArity.OneOrMore };
        var suite = new Option<string?>("--suite") { Description = "For debian: the suite; this machine's where it is left out", HelpName = "NAME" };
        var sha256 = new Option<string?>("--sha256") { Description = "For archive: its hash", HelpName = "HASH" };
        var signature = new Option<string?>("--signature") { Description = "For archive: where its signature is", HelpName = "PLACE" };
        var key = new Option<string?>("--key") { Description = "For archive: the key that signs", HelpName = "KEY" };
        var strip = new Option<int?>("--strip") { Description = "For archive: folders to take off each path", HelpName = "N" };
        var at = new Option<string?>("--at") { Description = "For archive and step: the folder it stands in", HelpName = "PATH" };
        var bin = new Option<string[]>("--bin") { Description = "For archive, step and host: programs that a shell finds; may be repeated", HelpName = "PATTERN", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var project = new Option<string?>("--project") { Description = "For step: the folder of its project", HelpName = "DIR" };
        var from = new Option<string?>("--from") { Description = "For step: the folder of its outputs", HelpName = "DIR" };
        var installed = new Option<bool>("--installed") { Description = "For dotnet: the machine's own" };
        var noLock = new Option<bool>("--no-lock") { Description = "Only write it into the pipeline" };
        var command = new Command("add", "Add a toolchain to the pipeline, and lock it") { name, kind, values, suite, sha256, signature, key, strip, at, bin, project, from, installed, noLock };
        command.SetAction((parse, cancellationToken) =>
        {
            var chosen = parse.GetValue(kind)!;
            var given = parse.GetValue(values) ?? [];
            var fields = new List<KeyValuePair<string, object>>();
            if (chosen is "debian")
            {
                if ((parse.GetValue(suite) ?? MachineSuite()) is not { } wanted)
                {
                    return Task.FromResult(DiagnosticPrinter.Usage(_services, "This machine is no Debian, so that it has no suite of its own", "name one with `--suite`, for example `--suite bookworm`"));
                }

                fields.AddRange([new("debian", wanted), new("packages", given)]);
            }
            else
            {
                if (given.Length > 1 && chosen is not ("archive" or "host"))
                {
                    return Task.FromResult(DiagnosticPrinter.Usage(_services, $"A toolchain of the kind `{chosen}` is one thing, and {given.Length} are given", $"remove `{given[1]}`"));
                }

                fields.Add(new(chosen, given is [var only] && chosen is not "host" ? only : given));
                Add(fields, "sha256", parse.GetValue(sha256));
                Add(fields, "signature", parse.GetValue(signature));
                Add(fields, "key", parse.GetValue(key));
                Add(fields, "strip", parse.GetValue(strip));
                Add(fields, "project", parse.GetValue(project));
                Add(fields, "from", parse.GetValue(from));
                Add(fields, "at", parse.GetValue(at));
                Add(fields, "bin", parse.GetValue(bin) is { Length: > 0 } patterns ? patterns : null);
                Add(fields, "installed", parse.GetValue(installed) ? true : null);
            }

            return AddAsync(parse, parse.GetValue(name)!, fields, !parse.GetValue(noLock), cancellationToken);
        });
        return command;
    }

    private static void Add(List<KeyValuePair<string, object>> fields, string key, object? value)
    {
        if (value is not null)
        {
            fields.Add(new(key, value));
        }
    }

    /// <summary>Writes a toolchain into the pipeline and locks it; where it cannot be locked the pipeline is as it was.</summary>
    private async Task<int> AddAsync(ParseResult parse, string name, List<KeyValuePair<string, object>> fields, bool locks, CancellationToken cancellationToken)
    {
        if (_project.Resolve(_services, parse) is not { } project || RunCommand.TryRequest(_services, project, new RunArguments { Directory = project.Directory, File = project.PipelineFile }) is not { } request)
        {
            return ExitCodes.Usage;
        }

        var (before, problem) = PipelineEditor.AddToolchain(request, name, fields);
        if (before is null)
        {
            DiagnosticPrinter.Problem(_services, problem!.Message, problem.Suggestion);
            return ExitCodes.Usage;
        }

        if (!locks)
        {
            await _services.Out.WriteLineAsync($"{name}: added to {request.PipelineFile}; a step uses it with `toolchain: {name}`");
            return ExitCodes.Success;
        }

        var code = ExitCodes.Internal;
        try
        {
            code = await WithAsync(parse, (scene, token) => LockAsync(parse, scene, new Change([]), token), cancellationToken);
        }
        finally
        {
            if (code != ExitCodes.Success)
            {
                PipelineEditor.Replace(request, request.PipelineFile, before);
            }
        }

        if (code != ExitCodes.Success)
        {
            await _services.Error.WriteLineAsync($"{request.PipelineFile} is as it was");
        }

        return code;
    }

    /// <summary>The suite that this machine is.</summary>
    private static string? MachineSuite()
    {
        const string Key = "VERSION_CODENAME=";
        foreach (var line in File.Exists("/etc/os-release") ? File.ReadAllLines("/etc/os-release") : [])
        {
            if (line.StartsWith(Key, StringComparison.Ordinal))
            {
                return line[Key.Length..].Trim('"', '\'') is { Length: > 0 } suite ? suite : null;
            }
        }

        return null;
    }

    private Command CreateCollect()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would go" };
        var command = new Command("gc", "Remove toolchains from the store that no known project has locked") { dryRun };
        command.SetAction((parse, cancellationToken) => Task.FromResult(Collect(parse, parse.GetValue(dryRun), cancellationToken)));
        return command;
    }

    private int Collect(ParseResult parse, bool dryRun, CancellationToken cancellationToken)
    {
        if (_project.Resolve(_services, parse, withFile: false) is not { } project || RunCommand.TryRequest(_services, project, new RunArguments { Directory = project.Directory, File = project.PipelineFile }) is not { CacheDirectory: { } folder } request)
        {
            return DiagnosticPrinter.Usage(_services, "There is no folder for the store, which toolchains stand in", "set `cache.directory`, or the variable HOME");
        }

        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in new LockedProjects(request.StateDirectory).List().Append(project.Directory))
        {
            if (new ProjectLock(path).TryReadToolchains(out var problem) is not { } content)
            {
                return DiagnosticPrinter.Usage(_services, $"`{Path.Combine(path, ToolchainLock.FileName)}` cannot be read, so that nobody knows what it needs: {problem}", "take it from version control, or remove it: `cairn toolchain lock` there writes it anew");
            }

            used.UnionWith(content.Toolchains.Select(ToolchainBuilder.PinOf));
        }

        try
        {
            using var store = ContentStore.Open(folder, _services.Time);
            return store.CollectToolchains(ToolchainBuilder.PinPrefix, used, dryRun, cancellationToken) is { } removal
                ? Show(parse, ToolchainReports.Collected(removal, dryRun))
                : DiagnosticPrinter.Usage(_services, "Another process collects or checks the store just now", "try again when it has ended");
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(_services, exception.Message);
            return ExitCodes.Internal;
        }
    }
}
