using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Commands;

/// <summary>Opens the key that a command signs with.</summary>
internal static class SigningKeys
{
    /// <summary>The key of a name, the default one made where there is none; null after telling why it cannot be had.</summary>
    /// <param name="services">The world.</param>
    /// <param name="name">The name; null for the default key.</param>
    /// <param name="exit">The exit code where it is null.</param>
    public static ISigner? Open(CommandServices services, string? name, out int exit)
    {
        exit = ExitCodes.Usage;
        if (KeyFolders.Of(services) is not { } path)
        {
            DiagnosticPrinter.Problem(services, "There is no home folder, so there are no keys", "set HOME or XDG_CONFIG_HOME", DiagnosticCodes.AttestKeyUnusable);
            return null;
        }

        var folder = new KeyFolder(path);
        try
        {
            if (name is null)
            {
                return folder.OpenOrCreateDefault();
            }

            if (!folder.Names().Contains(name, StringComparer.Ordinal))
            {
                var nearest = Suggestions.Nearest(name, folder.Names());
                DiagnosticPrinter.Problem(services, $"There is no key `{name}` in `{path}`", nearest is null ? "leave out --key for the default key" : $"did you mean `{nearest}`?", DiagnosticCodes.AttestKeyUnusable);
                return null;
            }

            return folder.Open(name, passphrase: default);
        }
        catch (KeyFileException exception)
        {
            DiagnosticPrinter.Problem(services, exception.Message, exception.Suggestion, DiagnosticCodes.AttestKeyUnusable);
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(services, $"The key cannot be made: {exception.Message}", null, DiagnosticCodes.AttestKeyUnusable);
        }

        exit = ExitCodes.Internal;
        return null;
    }
}
