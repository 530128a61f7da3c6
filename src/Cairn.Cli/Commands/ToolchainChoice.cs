using System.CommandLine;
using System.CommandLine.Completions;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Execution.Toolchains.Debian;

namespace Cairn.Cli.Commands;

/// <summary>Where the programs of a new pipeline come from: pinned packages of Debian, or the machine. The options of <c>cairn new</c> and <c>cairn init</c> for that.</summary>
internal sealed class ToolchainChoice
{
    private const string Debian = "debian";

    public ToolchainChoice() =>
        Toolchain.CompletionSources.Add(_ => [new CompletionItem(Debian), new CompletionItem(Cairn.Core.Language.Model.Toolchain.Host)]);

    public Option<string?> Toolchain { get; } = new("--toolchain", "-t")
    {
        Description = "What its steps run with: debian or one of its suites, for packages that are pinned, or host, for the programs of the machine [default: debian where the machine is one]",
        HelpName = "WHAT",
    };

    public Option<bool> NoLock { get; } = new("--no-lock") { Description = "Leave it to `cairn toolchain lock` to pin the packages" };

    /// <summary>The suite to take packages from; null for the machine's programs, or after a mistake, which is added.</summary>
    public string? Suite(ParseResult parse, CommandServices services, DiagnosticBag diagnostics)
    {
        var asked = parse.GetValue(Toolchain);
        if (asked is Core.Language.Model.Toolchain.Host)
        {
            return null;
        }

        if (asked is null or Debian)
        {
            var own = DebianMachine.Suite(services.AptFolder, services.Environment);
            if (own is null && asked is not null)
            {
                diagnostics.Error(
                    DiagnosticCodes.NoSuite, "apt of this machine has no source of the Debian that the machine runs", SourceSpan.None,
                    "name a suite that it has, such as `--toolchain bookworm`, or take the machine's programs with `--toolchain host`");
            }

            return own;
        }

        if (!ToolchainSource.Debian.IsSuite(asked))
        {
            diagnostics.Error(DiagnosticCodes.NoSuite, $"`{asked}` is not the name of a suite", SourceSpan.None, "write `debian`, the name that a suite has for good, such as `bookworm`, or `host`");
            return null;
        }

        // Without the lock another machine may pin them.
        if (!parse.GetValue(NoLock) && DebianMachine.Suites(services.AptFolder, services.Environment) is var suites && !suites.Contains(asked, StringComparer.Ordinal))
        {
            diagnostics.Error(
                DiagnosticCodes.NoSuite, $"apt of this machine has no source for the suite `{asked}`", SourceSpan.None,
                (suites.Count == 0 ? "it has none" : $"it has {string.Join(", ", suites)}") + "; `--no-lock` leaves it to another machine to pin the packages, `--toolchain host` takes the programs of this one");
            return null;
        }

        return asked;
    }

    /// <summary>Pins the toolchains of a pipeline that was written, and tells how it went; the exit code.</summary>
    public static async Task<int> LockAsync(string folder, string asked, CommandServices services, CancellationToken cancellationToken)
    {
        var exit = await ToolchainCommand.LockAsync(folder, services, cancellationToken);
        if (exit != ExitCodes.Success)
        {
            var text = new ByteText();
            Style.OfOutput(services.Terminal).Write(text, Ink.Warning, $"the pipeline is written, but what it runs with is not pinned yet; that does: cairn toolchain lock -C {ShellText.Quote(asked)}").Line();
            services.OutBytes.Write(text.Span);
        }

        return exit;
    }
}
