using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Engine.Preparation;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>A secret could not be had. The message names it and says what to do; it never holds a value.</summary>
internal sealed class SecretException(string message) : Exception(message);

/// <summary>Reads secrets when the first job asks, once each, and keeps their values for the redaction of everything the run writes.</summary>
internal sealed class SecretResolver(ImmutableArray<Secret> secrets, string projectDirectory, ProcessHost host, Action<string, string> warn)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _values = new(StringComparer.Ordinal);
    private ImmutableArray<string> _known = [];

    /// <summary>The values read so far.</summary>
    public ImmutableArray<string> Known => ImmutableInterlocked.InterlockedCompareExchange(ref _known, [], []);

    /// <summary>The value of a secret. Read once, whoever asks first and is stopped meanwhile: the token ends the wait, not the reading, which has limits of its own.</summary>
    public Task<string> ResolveAsync(string name, CancellationToken cancellationToken) =>
        _values.GetOrAdd(name, n => new Lazy<Task<string>>(() => ReadAsync(n, CancellationToken.None))).Value.WaitAsync(cancellationToken);

    private async Task<string> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var secret = secrets.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.Ordinal)) ?? throw new SecretException($"Secret `{name}` is not declared under `secrets`");
        var value = secret.Source switch
        {
            SecretSource.Variable variable => Environment.GetEnvironmentVariable(variable.Name)
                ?? throw new SecretException($"Secret `{name}`: the environment variable `{variable.Name}` is not set; export it before `cairn run`"),
            SecretSource.File file => await ReadFileAsync(name, file.Path, cancellationToken),
            SecretSource.Command command => await RunAsync(name, command.Arguments, cancellationToken),
            _ => throw new InvalidOperationException($"A secret from {secret.Source.GetType().Name} has no reader"),
        };
        if (value.Length == 0)
        {
            throw new SecretException($"Secret `{name}` is empty");
        }

        if (value.Contains('\0', StringComparison.Ordinal))
        {
            throw new SecretException($"Secret `{name}` holds a NUL character, which no environment variable can");
        }

        if (Encoding.UTF8.GetByteCount(value) < ExecutionLimits.SecretBytesMin)
        {
            warn(DiagnosticCodes.SecretTooShort, $"Secret `{name}` is shorter than {ExecutionLimits.SecretBytesMin} bytes and is not masked in logs");
        }

        ImmutableInterlocked.Update(ref _known, static (known, v) => known.Contains(v, StringComparer.Ordinal) ? known : known.Add(v), value);
        return value;
    }

    private async Task<string> ReadFileAsync(string name, string path, CancellationToken cancellationToken)
    {
        var full = path.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
            : Path.Combine(projectDirectory, path);
        try
        {
            if (new FileInfo(full) is { Exists: true, Length: > Limits.SecretBytesMax })
            {
                throw new SecretException($"Secret `{name}`: `{path}` is larger than {Limits.SecretBytesMax / 1024} KiB");
            }

            return TrimNewline(await File.ReadAllTextAsync(full, cancellationToken));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SecretException($"Secret `{name}`: the file `{path}` cannot be read ({(exception is UnauthorizedAccessException ? "permission denied" : "not found or unreadable")})");
        }
    }

    private async Task<string> RunAsync(string name, ImmutableArray<string> arguments, CancellationToken cancellationToken)
    {
        var captured = await CommandCapture.RunAsync(
            host,
            new ProcessSpec { Arguments = arguments, Environment = CallerEnvironment.With(), WorkingDirectory = projectDirectory },
            Limits.SecretBytesMax,
            Limits.SecretCommandTimeout,
            cancellationToken);
        if (!captured.Succeeded)
        {
            // Standard error is not shown: a password tool may well print what it was asked for.
            throw new SecretException($"Secret `{name}`: {captured.Problem ?? $"`{arguments[0]}` ended with exit {captured.Result?.ExitCode}"}");
        }

        return TrimNewline(Encoding.UTF8.GetString(captured.Output));
    }

    private static string TrimNewline(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
}
