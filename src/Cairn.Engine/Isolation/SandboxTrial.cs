using System.Text;

using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Engine.Isolation;

/// <summary>Whether this machine gives this user a sandbox, found out by setting one up and running a program in it.</summary>
/// <param name="Problem">Why there is none, or null.</param>
/// <param name="UpperProblem">Why the file system tried cannot take what steps write, so that memory does; or null.</param>
public sealed record SandboxTrial(string? Problem, string? UpperProblem)
{
    /// <summary>Why steps with <c>network: wan</c> fail, and the command that would help where one is known; null where they do not, or where no sandbox came about.</summary>
    public (string Problem, string? Remedy)? WanProblem { get; private init; }

    private const int OutputBytesMax = 64 << 10;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Tries in a folder, and leaves nothing there.</summary>
    /// <param name="folder">An existing folder on the file system in question.</param>
    /// <param name="program">The executable <c>cairn</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<SandboxTrial> RunAsync(string folder, string program, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var name = $".cairn-doctor-{Environment.ProcessId}.sandbox";
        var options = new SandboxOptions { Folder = Path.Combine(folder, name), Program = program };
        try
        {
            Directory.CreateDirectory(options.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            try
            {
                await using var host = ProcessHost.Start(new ProcessHostOptions { RunToken = "doctor-sandbox" });
                return await RunAsync(host, options, time, cancellationToken);
            }
            finally
            {
                using var parent = DirectoryHandle.Open(folder);
                parent.RemoveTree(name);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new SandboxTrial(exception.Message, null);
        }
    }

    private static async Task<SandboxTrial> RunAsync(ProcessHost host, SandboxOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var upperProblem = host.SandboxUpperProblem(options);
        var layers = new LayerStore(options.Folder, Environment.IsPrivilegedProcess ? options.Owner : null, time, witness: null);
        var spec = new SandboxSpec
        {
            Place = 1,
            Layers = [layers.Get(BaseLayer.Key(), BaseLayer.LayOut)],
            Upper = null,
            Work = null,
            Mounts = [.. BaseLayer.MountedFolders().Select(static f => new SandboxMount(f, f, Writable: false))],
        };
        using var place = host.Enter(spec, options);
        var process = new ProcessSpec { Arguments = ["/bin/sh", "-c", "echo $$"], Environment = [new("PATH", "/usr/bin:/bin")], WorkingDirectory = "/work", Place = place };
        var captured = await CommandCapture.RunAsync(host, process, OutputBytesMax, Timeout, cancellationToken);
        return captured.Succeeded ? new SandboxTrial(null, upperProblem) { WanProblem = WanProblemOf(host, options) } : new SandboxTrial($"bubblewrap failed: {Encoding.UTF8.GetString(captured.Error).Trim()}", upperProblem);
    }

    private static (string Problem, string? Remedy)? WanProblemOf(ProcessHost host, SandboxOptions options)
    {
        if (Uplink.FindProblem() is { } known)
        {
            return known;
        }

        try
        {
            host.OpenNetwork(SandboxNetwork.Wan, options).Dispose();
            return null;
        }
        catch (IOException exception)
        {
            return (exception.Message, null);
        }
    }
}
