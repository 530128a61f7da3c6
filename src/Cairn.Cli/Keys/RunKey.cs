using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Keys;

/// <summary>Opens the key that signs a run where that needs a passphrase, before anything of the run is shown.</summary>
internal static class RunKey
{
    /// <summary>The variable that names the key where no option does.</summary>
    public const string Variable = "CAIRN_KEY";

    /// <summary>Opens it, if it is encrypted; false after telling why it does not open. Whoever gets it wipes it.</summary>
    /// <param name="services">What asks.</param>
    /// <param name="request">The run, with the name of the key that was chosen; it gets the key.</param>
    /// <param name="passphraseFd">The descriptor that has the passphrase; null for the terminal.</param>
    /// <param name="opened">The key; null where the run opens it by itself.</param>
    public static bool TryOpen(CommandServices services, ref RunRequest request, int? passphraseFd, out SigningKey? opened)
    {
        opened = null;
        var folder = new KeyFolder(TrustFiles.KeysFolderOf(request.KeysDirectory, request.StateDirectory));
        var name = TrustFiles.SignerOf(request.KeysDirectory, request.StateDirectory, request.SignWith);
        try
        {
            if (!KeyNames.IsName(name) || !folder.IsEncrypted(name))
            {
                // What is wrong with others is told by the run, with what it means.
                return true;
            }

            using var passphrases = new Passphrases(services, passphraseFd);
            opened = passphrases.Open(folder, name);
            request = request with { SignWith = name, Signer = opened };
            return opened is not null;
        }
        catch (KeyFileException exception)
        {
            DiagnosticPrinter.Problem(services, exception.Message, exception.Suggestion, DiagnosticCodes.SigningKeyClosed);
            return false;
        }
    }
}
