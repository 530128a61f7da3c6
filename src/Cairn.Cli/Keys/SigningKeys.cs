using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Engine.Trust;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Keys;

/// <summary>Opens the key that a command signs with: the one that a run would take.</summary>
internal static class SigningKeys
{
    /// <summary>Opens it; null after telling why it cannot be had. Whoever gets it disposes of it.</summary>
    /// <param name="services">The world.</param>
    /// <param name="name">The key that was chosen; null for what a run takes.</param>
    /// <param name="passphraseFd">The descriptor that has the passphrase; null for the terminal.</param>
    public static ISigner? Open(CommandServices services, string? name, int? passphraseFd)
    {
        var request = new RunRequest
        {
            ProjectDirectory = services.CurrentDirectory,
            StateDirectory = UserFolders.State(services.Variable),
            KeysDirectory = KeyFolders.Of(services),
            SignWith = name ?? services.Variable(RunKey.Variable),
        };
        if (!RunKey.TryOpen(services, ref request, passphraseFd, out _))
        {
            return null;
        }

        var signer = MachineSigner.TryOpen(request, services.Time, out var diagnostics, out var sources);
        DiagnosticPrinter.Print(services, diagnostics, sources);
        return signer;
    }
}
