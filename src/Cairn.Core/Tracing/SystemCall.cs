namespace Cairn.Core.Tracing;

/// <summary>A system call that has returned, as strace shows it.</summary>
/// <param name="Process">The number of the process or thread.</param>
/// <param name="Name">The call.</param>
/// <param name="Arguments">Its arguments, each as it is shown: <see cref="StraceText"/> reads them.</param>
/// <param name="Result">What follows the <c>=</c>.</param>
/// <param name="BegunAt">The number of the line in which it began.</param>
public sealed record SystemCall(int Process, string Name, IReadOnlyList<string> Arguments, string Result, int BegunAt)
{
    /// <summary>Whether it did what it was asked for.</summary>
    public bool Succeeded => Result.Length > 0 && char.IsAsciiDigit(Result[0]);

    /// <summary>The name of its error, such as <c>ENOENT</c>; null where it succeeded, or never returned.</summary>
    public string? Error
    {
        get
        {
            const string Failure = "-1 E";
            if (!Result.StartsWith(Failure, StringComparison.Ordinal))
            {
                return null;
            }

            var end = Result.IndexOf(' ', Failure.Length);
            return Result[(Failure.Length - 1)..(end < 0 ? Result.Length : end)];
        }
    }

    /// <summary>An argument as it is shown; empty where there are fewer.</summary>
    public string Argument(int index) => index < Arguments.Count ? Arguments[index] : "";
}

/// <summary>A line of a trace is not what strace writes.</summary>
public sealed class TraceFormatException(int line, string text) : Exception($"line {line} is not what strace writes: {(text.Length > 120 ? text[..120] + "…" : text)}");
