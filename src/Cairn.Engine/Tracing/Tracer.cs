using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Tracing;
using Cairn.Engine.Isolation;
using Cairn.Execution;
using Cairn.Execution.Sandbox;

namespace Cairn.Engine.Tracing;

/// <summary>
/// Observes a sandboxed process and all that it starts, with <c>strace</c> in the same sandbox. That is a child of what it observes, so that the step ends when its own first
/// process does, and what it leaves behind is ended as in any run.
/// </summary>
internal static class Tracer
{
    private const string FileName = "trace";
    private const int CaptureBytesMax = 64 << 10;

    // Calls that name files, and those by which one follows who does: a folder entered or listed, a process made. With a question mark: not on all architectures.
    private const string Calls = "trace=%file,fchdir,?getdents,getdents64,clone,?clone3,?fork,?vfork";

    // The sandbox shows of the machine what is below /usr.
    private static readonly string[] Places = ["/usr/bin/strace", "/usr/local/bin/strace"];
    private static readonly TimeSpan TrialTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The program. Throws <see cref="TraceException"/>.</summary>
    public static string Find() => Array.Find(Places, File.Exists) ?? throw new TraceException(new Diagnostic(
        DiagnosticCodes.TracerMissing, DiagnosticSeverity.Error, "A step is observed with `strace`, which is not installed", SourceSpan.None, "install the package `strace`: `apt-get install strace`"));

    /// <summary>The command line that observes another.</summary>
    public static ImmutableArray<string> Observing(string program, ImmutableArray<string> command) =>
        [program, "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "0", "-e", "signal=none", "-e", Calls, "-o", $"/{SandboxIsolation.Exchange}/{FileName}", "--", .. command];

    /// <summary>Tries whether a sandboxed process may be observed. Throws <see cref="TraceException"/>.</summary>
    public static async Task TryAsync(ProcessHost host, SandboxPlace place, string program, ProcessSpec spec, CancellationToken cancellationToken)
    {
        var trial = spec with { Arguments = [program, "-f", "--seccomp-bpf", "-qq", "-e", Calls, "-o", "/dev/null", "--", "/bin/true"], Place = place };
        var tried = await CommandCapture.RunAsync(host, trial, CaptureBytesMax, TrialTimeout, cancellationToken);
        if (!tried.Succeeded)
        {
            var said = Encoding.UTF8.GetString(tried.Error).Trim();
            throw new TraceException(new Diagnostic(
                DiagnosticCodes.TracingRefused, DiagnosticSeverity.Error,
                $"No process can be observed in this machine's sandboxes: {(said.Length > 0 ? said : tried.Problem ?? "strace failed")}", SourceSpan.None,
                "in a container, allow `ptrace` (`docker run --cap-add SYS_PTRACE`); `cairn doctor` tells what else the machine refuses"));
        }
    }

    /// <summary>Reads what was observed. Throws <see cref="TraceException"/>.</summary>
    public static FileUses Read(SandboxPlace place, string workingDirectory, IReadOnlyDictionary<string, string?> files)
    {
        using var folder = place.Root.TryOpenPath(SandboxIsolation.Exchange);
        using var handle = folder?.TryOpenFile(FileName) ?? throw Unreadable("there is none: the step removed it, or it never began");
        try
        {
            var uses = TraceObserver.Observe(() => Lines(handle), SandboxIsolation.ProjectDirectory, workingDirectory, files);
            return uses.Calls > 0 ? uses : throw Unreadable("it is empty: the step never began");
        }
        catch (TraceFormatException exception)
        {
            throw Unreadable(exception.Message);
        }
    }

    private static TraceException Unreadable(string why) => new(new Diagnostic(
        DiagnosticCodes.TraceUnreadable, DiagnosticSeverity.Error, $"What was observed cannot be read: {why}", SourceSpan.None, "run it again; if it stays so, report it with the output of `strace --version`"));

    // A last line without its end was being written when its writer was ended.
    private static IEnumerable<string> Lines(Microsoft.Win32.SafeHandles.SafeFileHandle handle)
    {
        var length = RandomAccess.GetLength(handle);
        var last = new byte[1];
        var isWhole = length == 0 || (RandomAccess.Read(handle, last, length - 1) == 1 && last[0] == '\n');
        using var shared = new Microsoft.Win32.SafeHandles.SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false);
        using var stream = new FileStream(shared, FileAccess.Read, bufferSize: 1 << 16);
        stream.Position = 0;
        using var reader = new StreamReader(stream, Encoding.Latin1);
        var line = reader.ReadLine();
        while (line is not null)
        {
            var next = reader.ReadLine();
            if (next is not null || isWhole)
            {
                yield return line;
            }

            line = next;
        }
    }
}
