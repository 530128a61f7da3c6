using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine.Configuration;
using Cairn.Engine.Handlers;
using Cairn.Engine.Verification;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Policies;

namespace Cairn.Cli.Commands;

/// <summary>What a command signs and verifies outside of a run, for the user's handlers: told when its work is done and all is written, so that no handler changes what comes of it.</summary>
/// <param name="services">The world.</param>
/// <param name="command">What it is called: <c>verify</c>.</param>
internal sealed class CommandEvents(CommandServices services, string command)
{
    private readonly List<RunEvent> _events = [];

    /// <summary>The project that the command is about.</summary>
    public string Project { get; set; } = services.CurrentDirectory;

    /// <summary>Does a command's work, then tells handlers of it. The exit code is the work's.</summary>
    public Task<int> RunAsync(Func<int> work) => RunAsync(() => Task.FromResult(work()));

    /// <summary>The same for work that waits.</summary>
    public async Task<int> RunAsync(Func<Task<int>> work)
    {
        var exit = await work();
        if (_events.Count > 0)
        {
            await TellAsync();
        }

        return exit;
    }

    /// <summary>Something was signed and written.</summary>
    public void Signed(SignedSubject subject, string target, Envelope envelope) =>
        _events.Add(new SignatureCreated { Time = services.Time.GetUtcNow(), Subject = subject, Target = target, Statement = envelope.PayloadHash, Key = envelope.Signatures[0].KeyId });

    /// <summary>Something was verified, whatever that came to.</summary>
    public void Verified(string target, VerifyOutcome outcome, Policy policy)
    {
        var checklist = outcome.Checklist;
        var isOpen = checklist.Conclusion is Conclusion.Unverifiable;
        var problems = checklist.Lines.Where(l => l.Verdict is Verdict.Fail || (isOpen && l is { Verdict: Verdict.NotChecked, IsEssential: true })).Select(static l => $"{VerifyText.NameOf(l)}: {l.Reason}");
        _events.Add(new VerificationCompleted
        {
            Time = services.Time.GetUtcNow(),
            Artifact = new VerifiedArtifact(target, VerifyText.WordOf(outcome.Kind), ConclusionWords.Of(checklist.Conclusion), policy.Name, [.. problems]),
        });
    }

    private async Task TellAsync()
    {
        var mistakes = new DiagnosticBag();
        var loaded = SettingsLoader.LoadUser(SettingsLoader.UserPath(services.Variable), mistakes);
        if (mistakes.HasErrors)
        {
            // What the command found out stands without its handlers; a run would have been refused.
            HandlerProblems.PrintUntold(services);
            return;
        }

        if (!loaded.Settings.Handlers.IsEmpty)
        {
            var control = new HandlerControl(UserFolders.State(services.Variable), BuildInfo.Version, services.Time);
            HandlerProblems.Print(services, await control.TellAsync(loaded.Settings.Handlers, command, Project, _events));
        }
    }
}
