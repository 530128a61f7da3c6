using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Cli.Keys;

/// <summary>Where the passphrases of a command come from: the descriptor that it was given, or else the terminal. They are never among arguments and variables, and are wiped after use.</summary>
internal sealed class Passphrases(CommandServices services, int? descriptor) : IDisposable
{
    private const int TriesMax = 3;

    private char[]? _read;

    /// <summary>The option that names a descriptor.</summary>
    public static Option<int?> CreateOption() => new("--passphrase-fd") { Description = "Read the key's passphrase from this file descriptor, its first line, and not from the terminal", HelpName = "N" };

    /// <summary>A passphrase for a key that is made, asked for twice; null after telling why there is none.</summary>
    public char[]? New(string name)
    {
        if (descriptor is not null)
        {
            return Given(name) is { Length: > 0 } given ? [.. given] : Refuse($"There is no passphrase for the key `{name}` in descriptor {descriptor}");
        }

        for (var i = 0; i < TriesMax; i++)
        {
            var first = services.AskSecret($"New passphrase for the key `{name}`: ");
            if (first is null)
            {
                return Refuse($"There is no terminal to ask for the passphrase of the key `{name}`");
            }

            if (first.Length == 0)
            {
                return Refuse($"No passphrase was given for the key `{name}`", "a key that nothing protects is made without `--encrypt`");
            }

            var second = services.AskSecret("The same again: ") ?? [];
            var same = first.AsSpan().SequenceEqual(second);
            Array.Clear(second);
            if (same)
            {
                return first;
            }

            Array.Clear(first);
            services.Error.Write("These are not the same\n");
        }

        return Refuse("The passphrase was not given twice alike");
    }

    /// <summary>Opens a key of the folder, asking where it is encrypted; null after telling why it does not open. Throws <see cref="KeyFileException"/> where the file itself is at fault.</summary>
    public SigningKey? Open(KeyFolder folder, string name) => folder.IsEncrypted(name) ? Open(name, passphrase => folder.Open(name, passphrase)) : folder.Open(name, default);

    /// <summary>The same with what opens it.</summary>
    public SigningKey? Open(string name, Func<char[], SigningKey> open)
    {
        for (var i = 0; i < TriesMax; i++)
        {
            var passphrase = descriptor is null ? services.AskSecret($"Passphrase of the key `{name}`: ") : Given(name);
            if (passphrase is not { Length: > 0 })
            {
                if (descriptor is null && passphrase is not null)
                {
                    Tell($"No passphrase was given for the key `{name}`", help: null);
                    return null;
                }

                Refuse(descriptor is not null ? $"There is no passphrase for the key `{name}` in descriptor {descriptor}" : $"The key `{name}` is encrypted, and there is no terminal to ask for its passphrase");
                return null;
            }

            try
            {
                var key = open(passphrase);
                Last = [.. passphrase];
                return key;
            }
            catch (Exception exception) when (exception is KeyFileException { InnerException: WrongPassphraseException } or WrongPassphraseException && descriptor is null && i + 1 < TriesMax)
            {
                services.Error.Write("That is not the passphrase\n");
            }
            finally
            {
                if (descriptor is null)
                {
                    Array.Clear(passphrase);
                }
            }
        }

        return null;
    }

    /// <summary>The passphrase that opened a key last; empty where none was needed.</summary>
    public char[] Last { get; private set; } = [];

    /// <summary>Wipes what was read.</summary>
    public void Dispose()
    {
        Array.Clear(_read ?? []);
        Array.Clear(Last);
    }

    private char[]? Given(string name)
    {
        if (_read is not null)
        {
            return _read;
        }

        try
        {
            using var handle = new SafeFileHandle(descriptor!.Value, ownsHandle: true);
            return _read = SecretPrompt.Read(handle);
        }
        catch (IOException exception)
        {
            throw new KeyFileException($"The passphrase of the key `{name}` cannot be read from descriptor {descriptor}: {exception.Message}", "open it for this command: `--passphrase-fd 3 3< FILE`", exception);
        }
    }

    private char[]? Refuse(string message, string? help = null)
    {
        Tell(message, help ?? (descriptor is null ? "give it by a file descriptor: `--passphrase-fd 3 3< FILE`" : null));
        return null;
    }

    private void Tell(string message, string? help) => DiagnosticPrinter.Problem(services, message, help, DiagnosticCodes.SigningKeyClosed);
}
