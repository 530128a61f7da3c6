using System.Collections.Immutable;
using System.CommandLine;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Policies;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn policy check|test|show|schema</c>.</summary>
internal sealed class PolicyCommand
{
    private readonly CommandServices _services;

    private PolicyCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var policy = new PolicyCommand(services);
        return new Command("policy", "Check and test policies") { policy.CreateCheck(), policy.CreateTest(), policy.CreateShow(), policy.CreateSchema() };
    }

    private Command CreateCheck()
    {
        var files = new Argument<string[]>("FILE") { Description = "Policies", Arity = ArgumentArity.OneOrMore };
        var command = new Command("check", "Read policies and show every mistake") { files };
        command.SetAction(parsed =>
        {
            var text = new StringBuilder();
            var isGood = true;
            foreach (var file in parsed.GetValue(files)!)
            {
                if (PolicyFiles.Load(_services, file) is { } policy)
                {
                    text.Append($"{file}: no mistakes, {(policy.Rules.Length == 1 ? "1 rule" : $"{policy.Rules.Length} rules")}: {string.Join(", ", policy.Rules.Select(static r => r.Key))}\n");
                }
                else
                {
                    isGood = false;
                }
            }

            _services.Out.Write(text);
            return isGood ? ExitCodes.Success : ExitCodes.Usage;
        });
        return command;
    }

    private Command CreateShow()
    {
        var level = new Argument<string>("LEVEL") { Description = string.Join(" or ", PolicyLevels.Names) };
        OptionValues.Restrict(level, [.. PolicyLevels.Names]);
        var output = OutputFile.CreateOption();
        var command = new Command("show", "Print a level as a policy, to begin with") { level, output };
        command.SetAction(parsed => OutputFile.Write(_services, parsed.GetValue(output), Encoding.UTF8.GetBytes(PolicyLevels.TextOf(parsed.GetValue(level)!)!)));
        return command;
    }

    private Command CreateSchema()
    {
        var cases = new Option<bool>("--cases") { Description = "That of files of cases" };
        var output = OutputFile.CreateOption();
        var command = new Command("schema", "Print the JSON Schema of policies, for editors") { cases, output };
        command.SetAction(parsed => OutputFile.Write(_services, parsed.GetValue(output), Encoding.UTF8.GetBytes(parsed.GetValue(cases) ? PolicySchema.GenerateCases() : PolicySchema.Generate())));
        return command;
    }

    private Command CreateTest()
    {
        var target = new Argument<string>("FILE|DIR") { Description = $"A file of cases, or a folder with files that end in {PolicyCases.Ending}" };
        var json = new Option<bool>("--json") { Description = "Write JSON" };
        var command = new Command("test", "Run the cases of policies") { target, json };
        command.SetAction(parsed =>
        {
            if (FilesOf(parsed.GetValue(target)!) is not { } files)
            {
                return ExitCodes.Usage;
            }

            var results = ImmutableArray.CreateBuilder<CaseResult>();
            var isGood = true;
            foreach (var file in files)
            {
                isGood &= Run(file, results);
            }

            if (parsed.GetValue(json))
            {
                WriteJson(results);
            }
            else if (results.Count > 0 || isGood)
            {
                Write(results, files.Length);
            }

            return !isGood ? ExitCodes.Usage : results.Any(static r => !r.Wrong.IsEmpty) ? ExitCodes.NotVerified : ExitCodes.Success;
        });
        return command;
    }

    private sealed record CaseResult(string File, PolicyCase Case, ImmutableArray<string> Wrong);

    private ImmutableArray<string>? FilesOf(string target)
    {
        var full = Path.GetFullPath(target, _services.CurrentDirectory);
        if (File.Exists(full))
        {
            return [target];
        }

        if (!Directory.Exists(full))
        {
            DiagnosticPrinter.Usage(_services, $"There is neither a file nor a folder `{target}`", $"name a file of cases, or a folder with files that end in `{PolicyCases.Ending}`");
            return null;
        }

        var files = Directory.EnumerateFiles(full, "*" + PolicyCases.Ending, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Select(f => Path.GetRelativePath(_services.CurrentDirectory, f)).Order(StringComparer.Ordinal).ToImmutableArray();
        if (!files.IsEmpty)
        {
            return files;
        }

        DiagnosticPrinter.Usage(_services, $"No file in `{target}` ends in `{PolicyCases.Ending}`", "name the file of cases itself");
        return null;
    }

    private bool Run(string file, ImmutableArray<CaseResult>.Builder results)
    {
        if (PolicyFiles.Read(_services, file, _services.CurrentDirectory) is not { } content)
        {
            return false;
        }

        var mistakes = new DiagnosticBag();
        var cases = PolicyCases.Read(file, content, mistakes, out var source);
        var folder = Path.GetDirectoryName(Path.GetFullPath(file, _services.CurrentDirectory))!;
        var policy = cases is null ? null : PolicyFiles.Load(_services, cases.Policy, folder);
        if (policy is not null)
        {
            cases!.Check(policy, mistakes);
        }

        DiagnosticPrinter.Print(_services, mistakes.ToSorted(), PolicyFiles.SourcesOf(source));
        if (policy is null || mistakes.HasErrors)
        {
            return false;
        }

        foreach (var item in cases!.Cases)
        {
            results.Add(new CaseResult(file, item, item.Run(policy)));
        }

        return true;
    }

    private void Write(IReadOnlyList<CaseResult> results, int files)
    {
        var style = Style.OfOutput(_services.Terminal);
        var text = new ByteText();
        foreach (var group in results.GroupBy(static r => r.File, StringComparer.Ordinal))
        {
            if (files > 1)
            {
                style.Write(text, Ink.Bold, group.Key).Line();
            }

            foreach (var result in group)
            {
                var isGood = result.Wrong.IsEmpty;
                style.Write(text, isGood ? Ink.Good : Ink.Bad, isGood ? style.Good : style.Bad).Append(" ").Append(AnsiText.Clean(result.Case.Name));
                if (!isGood)
                {
                    style.Write(text, Ink.Dim, $"  {result.Case.Place}");
                }

                text.Line();
                foreach (var wrong in result.Wrong)
                {
                    text.Append("    ").Append(AnsiText.Clean(wrong)).Line();
                }
            }
        }

        var failed = results.Count(static r => !r.Wrong.IsEmpty);
        style.Write(text, failed > 0 ? Ink.Bad : Ink.Plain, $"{results.Count} {(results.Count == 1 ? "case" : "cases")}, {(failed == 0 ? "all as expected" : $"{failed} not as expected")}").Line();
        _ = WhyCommand.Write(_services, text);
    }

    private void WriteJson(IEnumerable<CaseResult> results) => JsonOutput.Write(_services, json =>
    {
        json.WriteStartArray();
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("file", result.File);
            json.WriteNumber("line", result.Case.Place.Line);
            json.WriteString("case", result.Case.Name);
            json.WriteBoolean("ok", result.Wrong.IsEmpty);
            json.WriteStartArray("wrong");
            foreach (var wrong in result.Wrong)
            {
                json.WriteStringValue(wrong);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
