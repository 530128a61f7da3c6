using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Cli.Terminal;

/// <summary>Reads passphrases: from the terminal of the process, whatever its standard streams are, without showing them, or from a file descriptor.</summary>
internal static class SecretPrompt
{
    /// <summary>The longest passphrase, in bytes of UTF-8.</summary>
    public const int BytesMax = 1_024;

    private const string TerminalPath = "/dev/tty";

    /// <summary>Asks at the terminal; null where there is none, empty where the person gave up. Whoever gets it wipes it.</summary>
    public static char[]? Ask(string question)
    {
        SafeFileHandle terminal;
        try
        {
            terminal = File.OpenHandle(TerminalPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        using (terminal)
        {
            return AskAt(terminal, question);
        }
    }

    /// <summary>Reads the first line of a descriptor, or all of it where it has no line. Throws <see cref="IOException"/>.</summary>
    public static char[] Read(SafeFileHandle handle) => Read(handle, out _);

    private static char[] Read(SafeFileHandle handle, out bool hasEnd)
    {
        hasEnd = false;
        var bytes = GC.AllocateUninitializedArray<byte>(BytesMax + 1, pinned: true);
        try
        {
            var length = 0;
            while (length < bytes.Length)
            {
                // One by one: what stands behind the line is for somebody else.
                var count = NativeTerminal.Read((int)handle.DangerousGetHandle(), ref bytes[length], 1);
                if (count < 0 && Marshal.GetLastPInvokeError() == NativeTerminal.Interrupted)
                {
                    continue;
                }

                if (count < 0)
                {
                    throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
                }

                hasEnd = count > 0 && bytes[length] == (byte)'\n';
                if (count == 0 || hasEnd)
                {
                    break;
                }

                length++;
            }

            if (length > BytesMax)
            {
                throw new IOException($"a passphrase has at most {BytesMax} bytes");
            }

            var text = bytes.AsSpan(0, length);
            text = text.EndsWith("\r"u8) ? text[..^1] : text;
            var chars = GC.AllocateUninitializedArray<char>(Encoding.UTF8.GetCharCount(text), pinned: true);
            Encoding.UTF8.GetChars(text, chars);
            return chars;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static char[]? AskAt(SafeFileHandle terminal, string question)
    {
        var descriptor = (int)terminal.DangerousGetHandle();
        var shown = default(TerminalSettings);
        if (NativeTerminal.GetSettings(descriptor, ref shown) != 0)
        {
            return null;
        }

        var hidden = shown;
        hidden.Local = (hidden.Local & ~NativeTerminal.Echo) | NativeTerminal.EchoNewLine | NativeTerminal.Canonical | NativeTerminal.Signals;

        // Who presses Ctrl-C gets a terminal back that shows what is typed.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => NativeTerminal.SetSettings(descriptor, in shown));
        using var termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => NativeTerminal.SetSettings(descriptor, in shown));
        _ = NativeTerminal.SetSettings(descriptor, in hidden);
        try
        {
            Write(descriptor, question);
            var answer = Read(terminal, out var hasEnd);
            if (!hasEnd)
            {
                // Ctrl-D: what is written next begins on a line of its own.
                Write(descriptor, "\n");
            }

            return answer;
        }
        finally
        {
            _ = NativeTerminal.SetSettings(descriptor, in shown);
        }
    }

    private static void Write(int descriptor, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var at = 0; at < bytes.Length;)
        {
            var written = NativeTerminal.Write(descriptor, in bytes[at], (nuint)(bytes.Length - at));
            if (written <= 0)
            {
                return;
            }

            at += (int)written;
        }
    }
}
