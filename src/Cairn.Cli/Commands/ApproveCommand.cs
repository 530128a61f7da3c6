using System.CommandLine;

using Cairn.Cli.Keys;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine.Verification;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn approve</c>.</summary>
internal sealed class ApproveCommand
{
    private readonly CommandServices _services;
    private readonly CommandEvents _events;
    private readonly Verification _verification;
    private readonly Argument<string> _target = new("FILE|RECEIPT|RUN") { Description = "What is approved: an artifact, a file with attestations, or a run", Arity = ArgumentArity.ExactlyOne };
    private readonly Option<string?> _comment = new("--comment", "-m") { Description = "What to say about it", HelpName = "TEXT" };
    private readonly Option<string?> _key = new("--key") { Description = "The key that signs [default: the one that signs runs]", HelpName = "KEY" };
    private readonly Option<int?> _passphraseFd = Passphrases.CreateOption();
    private readonly Option<string?> _output = OutputFile.CreateOption()!;

    private ApproveCommand(CommandServices services)
    {
        _services = services;
        _events = new CommandEvents(services, "approve");
        _verification = new Verification(services);
        _output.Description = "Where the approval goes [default: to where verify finds it]; - for standard output";
    }

    public static Command Create(CommandServices services)
    {
        var approve = new ApproveCommand(services);
        var command = new Command("approve", "Sign that artifacts may be used") { approve._target, approve._comment, approve._key, approve._passphraseFd, approve._output };
        approve._verification.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(approve._comment) is { Length: > Approval.CommentCharactersMax })
            {
                result.AddError($"`--comment` has more than {Approval.CommentCharactersMax} characters");
            }
        });
        command.SetAction((parsed, _) => approve._events.RunAsync(() => approve.Approve(parsed)));
        return command;
    }

    private int Approve(ParseResult parsed)
    {
        var target = parsed.GetValue(_target)!;
        if (_verification.ProjectOf(parsed) is not { } project
            || _verification.PolicyOf(parsed) is not { } policy
            || _verification.Run(parsed, project, policy, target, trustedOnly: false) is not { } outcome)
        {
            return ExitCodes.Usage;
        }

        _events.Project = project.Directory;
        _events.Verified(target, outcome, policy);
        if (outcome.Checklist.Conclusion is not Conclusion.Verified || outcome.Main is not { Statement: { } approved } main)
        {
            return Refuse(target, outcome, policy);
        }

        var statement = new Approval(_services.Time.GetUtcNow(), main.Payload, parsed.GetValue(_comment)).Write(outcome.Kind is VerifyTargetKind.Artifact ? outcome.Subjects : approved.Subjects);
        return SigningKeys.Sign(_services, parsed.GetValue(_key), parsed.GetValue(_passphraseFd), statement.ToJson(), envelope =>
        {
            if (outcome.Checklist.Evidence.Signers.Any(s => s.KeyId == envelope.Signatures[0].KeyId))
            {
                DiagnosticPrinter.Problem(_services, "This key built it, so that its approval counts for nothing", "approve with a key of somebody else: --key KEY", DiagnosticCodes.ApprovalOfOwn);
                return ExitCodes.Usage;
            }

            return Write(parsed, outcome, target, envelope);
        }, envelope => _events.Signed(SignedSubject.Approval, target, envelope));
    }

    private int Refuse(string target, VerifyOutcome outcome, Policy policy)
    {
        var text = new ByteText();
        VerifyText.Append(text, target, outcome, policy, Style.Bare);
        _services.Error.Write(text.ToString());
        DiagnosticPrinter.Problem(_services, $"`{target}` does not verify, and is not approved", "see what is wrong with it; `--level` chooses what has to hold", DiagnosticCodes.ApprovalRefused);
        return outcome.Checklist.Conclusion is Conclusion.Failed ? ExitCodes.NotVerified : ExitCodes.Unverifiable;
    }

    private int Write(ParseResult parsed, VerifyOutcome outcome, string target, Envelope envelope)
    {
        var name = parsed.GetValue(_key) ?? _verification.SignerName;
        var output = parsed.GetValue(_output) ?? PlaceOf(outcome, target, name);
        if (output != "-")
        {
            var full = Path.GetFullPath(output, _services.CurrentDirectory);
            if (parsed.GetValue(_output) is null && outcome.Kind is VerifyTargetKind.Run)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            }
        }

        var exit = OutputFile.Write(_services, output, [.. envelope.ToJson(), (byte)'\n']);
        if (exit == ExitCodes.Success && output != "-")
        {
            _services.Error.Write($"Wrote {output}: {(outcome.Subjects.Length == 1 ? "1 artifact" : $"{outcome.Subjects.Length} artifacts")} approved by {name}\n");
        }

        return exit;
    }

    /// <summary>Where <c>verify</c> looks.</summary>
    private static string PlaceOf(VerifyOutcome outcome, string target, string key) => outcome.Kind is VerifyTargetKind.Run or VerifyTargetKind.Folder
        ? Path.Combine(Path.GetDirectoryName(outcome.Main!.Found.Where)!, AttestationFinder.ApprovalsFolder, key + ".json")
        : $"{target}.{key}{AttestationFinder.ApprovalEnding}";
}
