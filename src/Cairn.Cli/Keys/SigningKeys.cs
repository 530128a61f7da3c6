using System.Security.Cryptography;

using Cairn.Cli.Commands;
using Cairn.Cli.Logs;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Engine.Trust;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Keys;

/// <summary>Signs what a command states, with the key that a run would take.</summary>
internal static class SigningKeys
{
    /// <summary>Signs a statement, hands the envelope on, and logs it when that is done; tells where it cannot. The exit code.</summary>
    /// <param name="services">The world.</param>
    /// <param name="name">The key that was chosen; null for what a run takes.</param>
    /// <param name="passphraseFd">The descriptor that has the passphrase; null for the terminal.</param>
    /// <param name="statement">The statement's JSON.</param>
    /// <param name="use">What is done with the envelope: the exit code.</param>
    /// <param name="signed">Told of the envelope where that succeeded.</param>
    public static int Sign(CommandServices services, string? name, int? passphraseFd, byte[] statement, Func<Envelope, int> use, Action<Envelope> signed) =>
        With(services, name, passphraseFd, signer =>
        {
            var envelope = Envelope.Sign(Envelope.InTotoType, [.. statement], signer);
            var exit = use(envelope);
            if (exit == ExitCodes.Success)
            {
                SignedLog.Append(services, [envelope], signer.PublicKey);
                signed(envelope);
            }

            return exit;
        });

    /// <summary>Opens the key for several statements; tells where it cannot. The exit code.</summary>
    public static int With(CommandServices services, string? name, int? passphraseFd, Func<ISigner, int> use)
    {
        if (Open(services, name, passphraseFd) is not { } signer)
        {
            return ExitCodes.Usage;
        }

        try
        {
            return use(signer);
        }
        catch (CryptographicException exception)
        {
            DiagnosticPrinter.Problem(services, $"Nothing is signed: {exception.Message}", null, DiagnosticCodes.AttestKeyUnusable);
            return ExitCodes.Internal;
        }
        finally
        {
            (signer as IDisposable)?.Dispose();
        }
    }

    private static ISigner? Open(CommandServices services, string? name, int? passphraseFd)
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
