using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Engine.Preparation;
using Cairn.Execution;
using Cairn.Trust.Keys;

namespace Cairn.Engine.Trust;

/// <summary>
/// Signs with a key that stands elsewhere (a token, a key service, an agent), by a command: the message on its standard input, the signature on its standard output, 64 bytes or their base64. The signature
/// is used only if it is the key's. One at a time: tokens do not like company.
/// </summary>
/// <param name="name">What the key is called.</param>
/// <param name="publicKey">What signatures are checked with.</param>
/// <param name="command">The command.</param>
/// <param name="scratch">A folder of the user's own, for the message while it is signed.</param>
/// <param name="timeout">How long it may take; null for <see cref="Limits.SignerTimeout"/>.</param>
internal sealed class CommandSigner(string name, PublicKey publicKey, ImmutableArray<string> command, string scratch, TimeSpan? timeout = null) : ISigner, IDisposable
{
    private readonly Lock _gate = new();
    private ProcessHost? _host;

    /// <inheritdoc/>
    public PublicKey PublicKey => publicKey;

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            var output = Run(message);
            var signature = Decode(output) ?? throw new CryptographicException($"The key `{name}` does not sign: `{command[0]}` printed {output.Length} bytes, not {PublicKey.SignatureBytes} or their base64");
            return publicKey.Verify(message, signature) ? signature : throw new CryptographicException($"The key `{name}` does not sign: what `{command[0]}` printed is not its signature of the message");
        }
    }

    /// <summary>Ends what runs commands.</summary>
    public void Dispose()
    {
        if (_host is { } host)
        {
            _host = null;
            Wait(host.DisposeAsync().AsTask());
        }
    }

    private byte[] Run(ReadOnlySpan<byte> message)
    {
        var file = Path.Combine(scratch, $"sign-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(scratch);
            using (var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                stream.Write(message);
            }

            _host ??= ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"sign-{Environment.ProcessId}" });
            var spec = new ProcessSpec { Arguments = command, Environment = CallerEnvironment.With(), WorkingDirectory = "/", InputPath = file };
            var captured = Wait(CommandCapture.RunAsync(_host, spec, Limits.SignerOutputBytesMax, timeout ?? Limits.SignerTimeout, CancellationToken.None));
            return captured.Succeeded ? captured.Output : throw new CryptographicException($"The key `{name}` does not sign: {captured.Problem ?? Ending(captured.Result!)}{Said(captured.Error)}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CryptographicException($"The key `{name}` does not sign: {exception.Message}", exception);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private string Ending(ProcessResult result) => result.Signal is { } signal ? $"`{command[0]}` was ended by signal {signal}" : $"`{command[0]}` ended with exit {result.ExitCode}";

    /// <summary>What it said of its failure, as far as a message can hold that.</summary>
    private static string Said(byte[] error)
    {
        var text = Encoding.UTF8.GetString(error).Trim();
        var line = text.Length <= Limits.SignerErrorCharactersMax ? text : text[..Limits.SignerErrorCharactersMax] + "…";
        return line.Length == 0 ? "" : $": {line.ReplaceLineEndings(" ")}";
    }

    private static byte[]? Decode(byte[] output)
    {
        if (output.Length == PublicKey.SignatureBytes)
        {
            return output;
        }

        var text = output.AsSpan().Trim(" \t\r\n"u8);
        var signature = new byte[PublicKey.SignatureBytes];
        return Base64.DecodeFromUtf8(text, signature, out var read, out var written) == System.Buffers.OperationStatus.Done && read == text.Length && written == signature.Length ? signature : null;
    }

#pragma warning disable VSTHRD002 // Signing is synchronous for all other keys; there is no synchronization context to block, and the pool's threads are not what the process waits for.
    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Wait(Task task) => task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
}
