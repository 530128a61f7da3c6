using System.Runtime.CompilerServices;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli;

internal static class Program
{
    private const long BytesWithoutCollection = 24 << 20;

    public static int Main(string[] args)
    {
        // The fast path: nothing is looked at but the arguments.
        if (args is ["version"] or ["--version"])
        {
            return WriteVersion();
        }

        // What cairn starts of itself for sandboxes; not a command of people's.
        return args is ["__sandbox", ..] ? Execution.Sandbox.SandboxWorker.Run(args[1..]) : RunProcess(args);
    }

    /// <summary>Runs a command line against given services, as tests do.</summary>
    public static Task<int> RunAsync(IReadOnlyList<string> args, CommandServices services) => CommandRunner.RunAsync(args, services);

    // Kept apart so that the fast path loads neither the parser nor tasks.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RunProcess(string[] args)
    {
        // The first collection of a run would copy all of its plan, ten milliseconds for a thousand steps, mostly right before the process ends. What needs more than this collects as ever.
        GC.TryStartNoGCRegion(BytesWithoutCollection, disallowFullBlockingGC: true);
#pragma warning disable VSTHRD002 // An async Main would make the state machine part of the fast path; there is no synchronization context to block.
        return RunAsync(args, CommandServices.OfProcess(CancellationToken.None)).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    private static int WriteVersion()
    {
        try
        {
            new DescriptorStream(DescriptorStream.StandardOutput).Write(BuildInfo.Line);
        }
        catch (BrokenPipeException)
        {
            // Nobody reads it.
        }
        catch (OutputFailedException)
        {
            return ExitCodes.Internal;
        }

        return ExitCodes.Success;
    }
}
