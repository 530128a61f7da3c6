using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Bundles;
using Cairn.Engine.Configuration;
using Cairn.Engine.Receipts;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Trust.Bundles;

namespace Cairn.Cli.Commands;

/// <content>Results and runs on their way between machines.</content>
internal sealed partial class StoreCommand
{
    private Command CreateExport()
    {
        var target = new Argument<string>("BUNDLE") { Description = "The file to write, such as results.cab" };
        var what = new Argument<string[]>("WHAT") { Description = "What to export: an action (a digest, or 6 digits of it), or a run (an id, or last)", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Every result of the store" };
        var command = new Command("export", "Bundle results and runs, for a machine that this one does not reach") { target, what, all };
        command.SetAction(parse => With(parse, (store, _, project) => BundleCommand.Guard(_services, () => Export(parse, store, project, parse.GetValue(target)!, parse.GetValue(what) ?? [], parse.GetValue(all)))));
        return command;
    }

    private Command CreateImport()
    {
        var source = new Argument<string>("BUNDLE") { Description = "What `cairn store export` wrote" };
        var command = new Command("import", "Take over results and runs that trusted keys signed; exits with 1 where something is left out") { source };
        command.SetAction(parse => With(parse, (store, _, project) => BundleCommand.Guard(_services, () => Import(parse, store, project, parse.GetValue(source)!))));
        return command;
    }

    private int Export(ParseResult parse, ContentStore store, Project project, string target, string[] what, bool all)
    {
        if (what.Length == 0 == !all)
        {
            return DiagnosticPrinter.Usage(_services, what.Length == 0 ? "Nothing is given to export" : "--all is every result: nothing else can be named", "name actions or a run, such as `last`, or give --all");
        }

        var export = new StoreExport(store, project.Directory);
        foreach (var action in all ? store.ListActions() : [])
        {
            export.AddResult(action);
        }

        foreach (var text in what)
        {
            var found = store.Resolve(text).Where(static f => f.IsAction).ToArray();
            if (found.Length > 1)
            {
                return DiagnosticPrinter.Usage(_services, $"`{text}` fits {found.Length} actions, `{found[0].Hash}` and `{found[1].Hash}` among them", "give more digits");
            }

            if (found is [var action])
            {
                export.AddResult(action.Hash);
            }
            else if (RunOf(project, text) is { } run)
            {
                export.AddRun(run);
            }
            else
            {
                return ExitCodes.Usage;
            }
        }

        foreach (var missing in export.Missing)
        {
            DiagnosticPrinter.Problem(_services, $"Left out: {missing}", null, DiagnosticCodes.TransferIncomplete);
        }

        var content = export.Finish();
        var path = Path.GetFullPath(target, _services.CurrentDirectory);
        var head = new BundleHead(content.Manifest, content.Tree, []);
        using (var interruption = new Interruption(_services.CancellationToken))
        {
            BundleWriter.WriteFile(path, head, content.Open, interruption.Token);
        }

        var bytes = new FileInfo(path).Length;
        return Told(parse, export.Missing.Count > 0, $"Wrote {target}: {BundleText.Count(export.ResultCount, "result")}, {Words.Bytes(bytes)}", json =>
        {
            json.WriteString("artifact", Descriptor.Written(head.Id));
            json.WriteNumber("bytes", bytes);
            json.WriteNumber("results", export.ResultCount);
            json.WriteStartArray("missing");
            foreach (var missing in export.Missing)
            {
                json.WriteStringValue(missing);
            }

            json.WriteEndArray();
        });
    }

    private int Import(ParseResult parse, ContentStore store, Project project, string source)
    {
        using var bundle = BundleReader.Open(Path.GetFullPath(source, _services.CurrentDirectory));
        var isProject = File.Exists(Path.Combine(project.Directory, project.PipelineFile));
        using var interruption = new Interruption(_services.CancellationToken);
        var report = StoreImport.Run(
            bundle,
            new StoreImportRequest { Store = store, KeysDirectory = KeyFolders.Of(_services), StateDirectory = UserFolders.State(_services.Variable), ProjectDirectory = isProject ? project.Directory : null, Time = _services.Time },
            interruption.Token);
        foreach (var refused in report.Refused)
        {
            DiagnosticPrinter.Problem(_services, $"Left out: {refused}", null, DiagnosticCodes.TransferRefused);
        }

        var text = $"Took over {BundleText.Count(report.Results, "result")}{(report.Known > 0 ? $", {report.Known} more were here already" : "")}{(report.Runs.IsEmpty ? "" : $"; {BundleText.Count(report.Runs.Length, "run")}: {string.Join(", ", report.Runs)}")}";
        return Told(parse, !report.Refused.IsEmpty, text, json =>
        {
            json.WriteNumber("results", report.Results);
            json.WriteNumber("known", report.Known);
            json.WriteNumber("actions", report.Actions);
            json.WriteStartArray("runs");
            foreach (var run in report.Runs)
            {
                json.WriteStringValue(run.Value);
            }

            json.WriteEndArray();
            json.WriteStartArray("refused");
            foreach (var refused in report.Refused)
            {
                json.WriteStringValue(refused);
            }

            json.WriteEndArray();
        });
    }

    /// <summary>The receipt of a run; null after telling why there is none.</summary>
    private StoredReceipt? RunOf(Project project, string text)
    {
        if (RunsCommand.Resolve(_services, new RunHistory(project.Directory), text) is not { } run)
        {
            return null;
        }

        if (new RunReceipts(project.Directory).TryRead(run, out var problem) is { } stored)
        {
            return stored;
        }

        DiagnosticPrinter.Problem(_services, problem is null ? $"The run `{run}` has no receipt" : $"The receipt of the run `{run}` cannot be read: {problem}", "`cairn receipt list` lists the runs that have one", DiagnosticCodes.TransferIncomplete);
        return null;
    }

    private int Told(ParseResult parse, bool isPartial, string text, Action<System.Text.Json.Utf8JsonWriter> members)
    {
        if (parse.GetValue(_json))
        {
            JsonOutput.Write(_services, json =>
            {
                json.WriteStartObject();
                members(json);
                json.WriteEndObject();
            });
        }
        else
        {
            _services.Error.Write($"{text}\n");
        }

        return isPartial ? ExitCodes.NotVerified : ExitCodes.Success;
    }
}
