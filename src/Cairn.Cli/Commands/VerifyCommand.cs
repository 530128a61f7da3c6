using System.CommandLine;

using Cairn.Cli.Keys;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine.Verification;
using Cairn.Trust.Checks;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn verify</c>.</summary>
internal sealed class VerifyCommand
{
    private readonly CommandServices _services;
    private readonly CommandEvents _events;
    private readonly Verification _verification;
    private readonly Argument<string> _target = new("FILE|RECEIPT|RUN|DIRECTORY|BUNDLE") { Description = "An artifact, a file with attestations, a run (an id, a part of one, last), a folder of artifacts, or a bundle", DefaultValueFactory = _ => "last" };
    private readonly Option<bool> _trustedOnly = new("--trusted-only") { Description = "Fail where anything that is found is not signed by a trusted key; otherwise it is left out" };
    private readonly Option<bool> _offline = new("--offline") { Description = "Fetch nothing; nothing is fetched yet without it either" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON" };
    private readonly Option<string?> _summary = new("--vsa") { Description = "Write the result as a signed SLSA verification summary", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { Description = "The key that signs the summary [default: the one that signs runs]", HelpName = "KEY" };
    private readonly Option<int?> _passphraseFd = Passphrases.CreateOption();
    private readonly Option<string?> _resource = new("--resource-uri") { Description = "What the summary calls what was verified [default: a package URL of its name and hash]", HelpName = "URI" };

    private VerifyCommand(CommandServices services)
    {
        _services = services;
        _events = new CommandEvents(services, "verify");
        _verification = new Verification(services);
    }

    public static Command Create(CommandServices services)
    {
        var verify = new VerifyCommand(services);
        var command = new Command("verify", "Verify an artifact, a receipt, a run or a folder") { verify._target };
        verify._verification.AddTo(command);
        foreach (var option in (ReadOnlySpan<Option>)[verify._trustedOnly, verify._offline, verify._summary, verify._key, verify._passphraseFd, verify._resource, verify._json])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(verify._summary) is null && (result.GetValue(verify._key) is not null || result.GetValue(verify._resource) is not null))
            {
                result.AddError("--key and --resource-uri are of the summary: give --vsa FILE");
            }
        });
        command.SetAction((parsed, _) => verify._events.RunAsync(() => verify.Verify(parsed)));
        return command;
    }

    private int Verify(ParseResult parsed)
    {
        var target = parsed.GetValue(_target)!;
        if (_verification.ProjectOf(parsed) is not { } project
            || _verification.PolicyOf(parsed) is not { } policy
            || _verification.Run(parsed, project, policy, target, parsed.GetValue(_trustedOnly)) is not { } outcome)
        {
            return ExitCodes.Usage;
        }

        _events.Project = project.Directory;
        _events.Verified(target, outcome, policy);
        var exit = ExitOf(outcome);
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(_services, json => VerifyText.WriteJson(json, target, outcome, policy));
        }
        else
        {
            var text = new ByteText();
            VerifyText.Append(text, target, outcome, policy, Style.OfOutput(_services.Terminal));
            _ = WhyCommand.Write(_services, text);
        }

        return parsed.GetValue(_summary) is { } file && WriteSummary(parsed, target, file, outcome, policy) is var written && written != ExitCodes.Success ? written : exit;
    }

    /// <summary>What a verification exits with.</summary>
    public static int ExitOf(VerifyOutcome outcome) => outcome.Checklist.Conclusion switch
    {
        Conclusion.Verified => ExitCodes.Success,
        Conclusion.Failed => ExitCodes.NotVerified,
        _ => ExitCodes.Unverifiable,
    };

    private int WriteSummary(ParseResult parsed, string target, string file, VerifyOutcome outcome, Policy policy)
    {
        if (outcome.Checklist.Conclusion is Conclusion.Unverifiable || outcome.Subjects.IsEmpty)
        {
            DiagnosticPrinter.Problem(_services, "No summary is written: nothing was verified that it could be about", null, DiagnosticCodes.VerifySummaryEmpty);
            return outcome.Checklist.Conclusion is Conclusion.Failed ? ExitCodes.NotVerified : ExitCodes.Unverifiable;
        }

        var summary = new VerificationSummary
        {
            Version = BuildInfo.Version,
            Time = _services.Time.GetUtcNow(),
            ResourceUri = parsed.GetValue(_resource) ?? ResourceOf(outcome),
            Policy = new SummaryReference(PolicyLevels.Find(policy.Name) == policy ? $"https://cairn.build/policy/{policy.Name}/v1" : policy.Name, policy.Sha256),
            Inputs = [.. outcome.Checklist.Used.DistinctBy(static u => u.Payload, StringComparer.Ordinal).Select(static u => new SummaryReference(Path.GetFileName(u.Found.Where), u.Payload))],
            HasPassed = outcome.Checklist.Conclusion is Conclusion.Verified,
            Builder = outcome.Checklist.Evidence.Builder,
        };
        var payload = summary.Write(outcome.Subjects).ToJson();
        if (Statement.TryRead(payload, out var problem) is null)
        {
            DiagnosticPrinter.Problem(_services, $"No summary is written: {problem}", "verify the artifacts one by one", DiagnosticCodes.VerifySummaryEmpty);
            return ExitCodes.Usage;
        }

        return SigningKeys.Sign(_services, parsed.GetValue(_key), parsed.GetValue(_passphraseFd), payload, envelope => OutputFile.Write(_services, file, [.. envelope.ToJson(), (byte)'\n']), envelope => _events.Signed(SignedSubject.Summary, target, envelope));
    }

    private static string ResourceOf(VerifyOutcome outcome) => outcome.Subjects is [var only]
        ? Core.Dependencies.PackageUrl.Of("generic", Path.GetFileName(only.Name), null, [new("checksum", $"sha256:{only.Sha256}")])
        : Core.Dependencies.PackageUrl.Of("generic", outcome.Checklist.Evidence.Project ?? "artifacts", null, []);
}
