using System.Buffers.Binary;

using Cairn.Execution.Native;

namespace Cairn.Execution;

/// <summary>Says in a sentence why a process could not start and what to do about it.</summary>
internal static class SpawnFailure
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Checks what the kernel cannot be told: names that are empty or hold a zero.</summary>
    public static string? FindInvalid(ProcessSpec spec)
    {
        if (spec.Arguments.IsDefaultOrEmpty || spec.Arguments[0].Length == 0)
        {
            return "The command is empty: name a program";
        }

        if (spec.Environment.IsDefault)
        {
            return $"`{spec.Arguments[0]}` has no environment, not even an empty one";
        }

        foreach (var argument in spec.Arguments)
        {
            if (argument.Contains('\0', StringComparison.Ordinal))
            {
                return $"An argument of `{spec.Arguments[0]}` contains a zero byte: pass it through a file";
            }
        }

        foreach (var (name, value) in spec.Environment)
        {
            if (name.Length == 0 || name.AsSpan().IndexOfAny('=', '\0') >= 0)
            {
                return $"`{name}` is not a name for an environment variable";
            }

            if (value.Contains('\0', StringComparison.Ordinal))
            {
                return $"The environment variable `{name}` contains a zero byte: pass it through a file";
            }
        }

        return spec.WorkingDirectory.StartsWith('/') && !spec.WorkingDirectory.Contains('\0', StringComparison.Ordinal)
            ? null
            : $"The folder `{spec.WorkingDirectory}` is not an absolute path";
    }

    /// <summary>No candidate in PATH was executable.</summary>
    public static string NotFound(ProcessSpec spec, string? path)
    {
        if (FolderProblem(spec.WorkingDirectory) is { } folder)
        {
            return folder;
        }

        var program = spec.Arguments[0];
        if (path is null)
        {
            return $"`{program}` cannot be looked up: the environment has no PATH; set one or give the program's path";
        }

        foreach (var entry in path.Split(':'))
        {
            var candidate = Path.Combine(spec.WorkingDirectory, entry, program);
            if (File.Exists(candidate))
            {
                return NotExecutable(candidate);
            }
        }

        return $"`{program}` was not found in PATH ({path}): install it, or give its path";
    }

    /// <summary>The spawn of a file that was chosen failed.</summary>
    public static string Describe(int error, ProcessSpec spec, string file)
    {
        var full = Path.Combine(spec.WorkingDirectory, file);
        switch (error)
        {
            case Libc.ENOENT or Libc.ENOTDIR or Libc.EACCES when FolderProblem(spec.WorkingDirectory) is { } folder:
                return folder;
            case Libc.ENOENT or Libc.ENOTDIR:
                return File.Exists(full) ? MissingInterpreter(full) : $"`{file}` does not exist in `{spec.WorkingDirectory}`";
            case Libc.EACCES when Directory.Exists(full):
                return $"`{file}` is a folder, not a program";
            case Libc.EACCES:
                return NotExecutable(full);
            case Libc.ETXTBSY:
                return $"`{full}` is open for writing: whoever writes it has to close it before it can run";
            case Libc.ENOEXEC:
                return NotAProgram(full);
            case Libc.E2BIG:
                return TooLong(spec);
            case Libc.EAGAIN:
                return $"`{spec.Arguments[0]}` could not start: the limit of processes is reached; raise `ulimit -u` or the cgroup's pids.max";
            case Libc.ENOMEM:
                return $"`{spec.Arguments[0]}` could not start: memory is short, or the run's guardian process was killed";
            default:
                return $"`{spec.Arguments[0]}` could not start: {Libc.Message(error)}";
        }
    }

    /// <summary>Something that a spawn needs could not be made.</summary>
    public static string Resource(int error, ProcessSpec spec) => error is Libc.EMFILE or Libc.ENFILE
        ? $"`{spec.Arguments[0]}` could not start: too many open files; raise `ulimit -n` or run fewer steps at once"
        : $"`{spec.Arguments[0]}` could not start: {Libc.Message(error)}";

    private static string? FolderProblem(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return File.Exists(folder) ? $"The folder `{folder}` is a file" : $"The folder `{folder}` does not exist, or may not be seen";
        }

        return Libc.access(folder, Libc.X_OK) == 0 ? null : $"The folder `{folder}` may not be entered: check its permissions";
    }

    private static string NotExecutable(string file)
    {
        UnixFileMode mode;
        try
        {
            mode = File.GetUnixFileMode(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mode = AnyExecute;
        }

        return (mode & AnyExecute) == UnixFileMode.None
            ? $"`{file}` is not executable: run `chmod +x {file}`"
            : $"`{file}` may not be executed: check the permissions of its folders, and whether its file system is mounted noexec";
    }

    private static string MissingInterpreter(string file)
    {
        var line = FirstLine(file);
        if (!line.StartsWith("#!", StringComparison.Ordinal))
        {
            return $"`{file}` needs a program loader that this machine does not have: it was built for another C library or architecture";
        }

        var interpreter = line[2..].Trim().Split(' ', '\t')[0];
        return interpreter.EndsWith('\r') || line.EndsWith('\r')
            ? $"`{file}` has Windows line ends, so that its interpreter is not found: convert it to LF"
            : $"`{file}` names the interpreter `{interpreter}` in its first line, which does not exist";
    }

    private static string NotAProgram(string file)
    {
        Span<byte> head = stackalloc byte[4];
        var read = ReadHead(file, head);
        if (read == 4 && BinaryPrimitives.ReadUInt32BigEndian(head) == 0x7F454C46)
        {
            return $"`{file}` was built for another architecture, or is damaged";
        }

        return read == 0
            ? $"`{file}` is empty: it is no program"
            : $"`{file}` has no `#!` line and is no program: begin it with `#!/bin/sh`, or run `sh {file}`";
    }

    private static string TooLong(ProcessSpec spec)
    {
        long total = 0;
        var longest = 0;
        foreach (var argument in spec.Arguments)
        {
            longest = Math.Max(longest, argument.Length);
            total += argument.Length + 1;
        }

        foreach (var (name, value) in spec.Environment)
        {
            longest = Math.Max(longest, name.Length + value.Length + 1);
            total += name.Length + value.Length + 2;
        }

        return longest >= ExecutionLimits.ArgumentBytesMax
            ? $"An argument or variable of `{spec.Arguments[0]}` is too long ({longest:N0} characters, the system takes 131,071 bytes): put it in a file"
            : $"The arguments and environment of `{spec.Arguments[0]}` are too long together ({total:N0} characters): put them in a file";
    }

    private static string FirstLine(string file)
    {
        Span<byte> head = stackalloc byte[256];
        var line = head[..ReadHead(file, head)];
        var end = line.IndexOf((byte)'\n');
        return System.Text.Encoding.UTF8.GetString(end < 0 ? line : line[..end]);
    }

    private static int ReadHead(string file, Span<byte> head)
    {
        try
        {
            using var handle = File.OpenHandle(file);
            return RandomAccess.Read(handle, head, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
