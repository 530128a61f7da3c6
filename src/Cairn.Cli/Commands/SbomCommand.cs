using System.CommandLine;
using System.Globalization;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Keys;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Sbom;
using Cairn.Engine;
using Cairn.Engine.Sbom;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn sbom</c>.</summary>
internal sealed class SbomCommand
{
    private const string CycloneDx = "cyclonedx";
    private const string Spdx = "spdx";
    private const string DateVariable = "SOURCE_DATE_EPOCH";

    private readonly CommandServices _services;
    private readonly CommandEvents _events;
    private readonly ProjectOptions _project = new();
    private readonly Argument<string> _target = new("RUN|STEP|FILE")
    {
        Description = "A run (an id, a part of one, last), a step as the newest run that has its result attested it, or a file or folder with attestations, as a bundle (.cab)",
        DefaultValueFactory = _ => "last",
    };

    private readonly Option<string> _format = new("--format") { Description = "cyclonedx (1.6) or spdx (2.3), both as JSON", HelpName = "FORMAT", DefaultValueFactory = _ => CycloneDx };
    private readonly Option<string?> _name = new("--name") { Description = "What the subject is called [default: the project, or the step]", HelpName = "NAME" };
    private readonly Option<bool> _attest = new("--attest") { Description = "Write it as a signed statement about the files" };
    private readonly Option<string?> _key = new("--key") { Description = "The key that signs [default: the one that signs runs]", HelpName = "NAME" };
    private readonly Option<int?> _passphraseFd = Passphrases.CreateOption();
    private readonly Option<string> _output = OutputFile.CreateOption();

    private SbomCommand(CommandServices services)
    {
        _services = services;
        _events = new CommandEvents(services, "sbom");
        RestrictFormat(_format);
    }

    public static Command Create(CommandServices services)
    {
        var sbom = new SbomCommand(services);
        var command = new Command("sbom", "Write a bill of materials of what a run or a step made") { sbom._target, sbom._format, sbom._name, sbom._output, sbom._attest, sbom._key, sbom._passphraseFd, sbom._project.Directory };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(sbom._attest) && result.GetValue(sbom._key) is not null)
            {
                result.AddError("--key is of the statement: give --attest");
            }
        });
        command.SetAction((parsed, _) => sbom._events.RunAsync(() => sbom.Write(parsed)));
        return command;
    }

    private int Write(ParseResult parsed)
    {
        if (_project.Resolve(_services, parsed, withFile: false) is not { } project || Make(_services, project, parsed.GetValue(_target)!, parsed.GetValue(_name)) is not { } bill)
        {
            return ExitCodes.Usage;
        }

        var format = FormatOf(parsed.GetValue(_format)!);
        _events.Project = project.Directory;
        var content = SbomJson.Write(bill.Document, format);
        if (!parsed.GetValue(_attest))
        {
            return OutputFile.Write(_services, parsed.GetValue(_output), content);
        }

        if (bill.Outputs.IsEmpty)
        {
            DiagnosticPrinter.Problem(_services, "There are no files that a statement could be about", null, DiagnosticCodes.SbomImpossible);
            return ExitCodes.Usage;
        }

        var predicate = (JsonValue.Object)(StrictJson.TryRead(content, out var problem) ?? throw new InvalidOperationException(problem));
        var statement = FileAttestation.WriteOther([.. bill.Outputs.Select(static o => new AttestedFile(o.Path, o.Sha256, 0, IsExecutable: false))], SbomJson.PredicateTypeOf(format), predicate);
        if (Statement.ProblemOf(statement.Subjects) is { } refused)
        {
            DiagnosticPrinter.Problem(_services, $"These files cannot be attested together: {refused}", "sign the bill as a file: `cairn attest`", DiagnosticCodes.SbomImpossible);
            return ExitCodes.Usage;
        }

        return SigningKeys.Sign(_services, parsed.GetValue(_key), parsed.GetValue(_passphraseFd), statement.ToJson(), envelope => OutputFile.Write(_services, parsed.GetValue(_output), [.. envelope.ToJson(), (byte)'\n']), envelope => _events.Signed(SignedSubject.Bill, parsed.GetValue(_target)!, envelope));
    }

    /// <summary>The bill of a run, a step or a file, what it lacks told; null after telling why there is none.</summary>
    public static Bill? Make(CommandServices services, Project project, string target, string? name)
    {
        if (MachineRequest.Of(services, project) is not { } request || !TryReadTime(services, out var time) || BillOf(services, request, target, name, time) is not { } bill)
        {
            return null;
        }

        foreach (var note in bill.Notes)
        {
            services.Error.Write($"note: {AnsiText.Clean(note)}\n");
        }

        return bill;
    }

    /// <summary>The format that a person names.</summary>
    public static SbomFormat FormatOf(string word) => word == Spdx ? SbomFormat.Spdx : SbomFormat.CycloneDx;

    /// <summary>Lets an option take formats only.</summary>
    public static void RestrictFormat(Option<string> option) => OptionValues.Restrict(option, CycloneDx, Spdx);

    private static Bill? BillOf(CommandServices services, RunRequest request, string target, string? name, DateTimeOffset? time) =>
        AttestedTargets.With(services, request, DiagnosticCodes.SbomImpossible, $"There is no bill of `{target}`", source => BillOfMaterials.Make(new BillRequest
        {
            Source = source,
            Target = target,
            Name = name,
            Time = time,
            Version = BuildInfo.Version,
        }));

    private static bool TryReadTime(CommandServices services, out DateTimeOffset? time)
    {
        time = null;
        if (services.Variable(DateVariable) is not { } text)
        {
            return true;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            time = DateTimeOffset.FromUnixTimeSeconds(seconds);
            return true;
        }

        DiagnosticPrinter.Problem(services, $"`{DateVariable}={text}` is no number of seconds since 1970", "correct or unset it", DiagnosticCodes.SbomImpossible);
        return false;
    }
}
