using Cairn.Cli.Keys;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Commands;

/// <summary>Opens the key that a command signs with.</summary>
internal static class SigningKeys
{
    /// <summary>
    /// The key that is named, or else the one that signs runs: that of <c>CAIRN_KEY</c>, of the trust store, or the default one, which is made where there is none. Asks for a passphrase where
    /// one opens it. Null after telling why it cannot be had.
    /// </summary>
    /// <param name="services">The world.</param>
    /// <param name="name">The name; null for the key that signs runs.</param>
    /// <param name="exit">The exit code where it is null.</param>
    /// <param name="passphraseFd">The descriptor that has the passphrase; null for the terminal.</param>
    public static ISigner? Open(CommandServices services, string? name, out int exit, int? passphraseFd = null)
    {
        exit = ExitCodes.Usage;
        if (KeyFolders.Of(services) is not { } path)
        {
            return Refuse(services, "There is no home folder, so there are no keys", "set HOME or XDG_CONFIG_HOME");
        }

        var folder = new KeyFolder(path);
        var chosen = name ?? services.Variable(RunKey.Variable);
        var trust = TrustFiles.Load(path, chosen);
        DiagnosticPrinter.Print(services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return null;
        }

        try
        {
            if (TrustFiles.CommandSignerOf(trust, path, UserFolders.State(services.Variable)) is { } external)
            {
                return Judged(services, trust, external);
            }

            var isChosen = chosen is not null || trust.File?.SignWith is not null;
            if (!KeyNames.IsName(trust.Signer) || (isChosen && folder.FindPublic(trust.Signer) is null))
            {
                var nearest = Suggestions.Nearest(trust.Signer, folder.Names());
                return Refuse(services, $"There is no key `{trust.Signer}` in `{path}`", nearest is null ? "leave out --key for the default key" : $"did you mean `{nearest}`?");
            }

            if (!isChosen && !File.Exists(folder.PathOf(trust.Signer)))
            {
                return Judged(services, trust, folder.OpenOrCreateDefault());
            }

            using var passphrases = new Passphrases(services, passphraseFd);
            return passphrases.Open(folder, trust.Signer) is { } opened ? Judged(services, trust, opened) : null;
        }
        catch (KeyFileException exception)
        {
            Refuse(services, exception.Message, exception.Suggestion);
        }
        catch (IOException exception)
        {
            Refuse(services, $"The key cannot be made: {exception.Message}", null);
        }

        exit = ExitCodes.Internal;
        return null;
    }

    /// <summary>What is signed with a key that does not count is worth nothing.</summary>
    private static ISigner? Judged(CommandServices services, LoadedTrust trust, ISigner signer)
    {
        if (trust.Store.HitKeys.Find(signer.PublicKey)?.ProblemAt(services.Time.GetUtcNow()) is not { } problem)
        {
            return signer;
        }

        (signer as IDisposable)?.Dispose();
        return Refuse(services, $"What is signed would not count: {problem}", "choose another key with --key NAME");
    }

    private static ISigner? Refuse(CommandServices services, string message, string? help)
    {
        DiagnosticPrinter.Problem(services, message, help, DiagnosticCodes.AttestKeyUnusable);
        return null;
    }
}
