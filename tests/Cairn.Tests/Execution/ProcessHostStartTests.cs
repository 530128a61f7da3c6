using System.Text;

using Cairn.Execution;

namespace Cairn.Tests.Execution;

public sealed class ProcessHostStartTests
{
    [Fact]
    public async Task Create_Starts_NothingUntilTheFirstProcess()
    {
        var token = $"test-{Guid.NewGuid():N}";
        await using var host = ProcessHost.Create(new ProcessHostOptions { RunToken = token });
        Assert.DoesNotContain(token, CommandLines());
        var process = host.Start(new ProcessSpec { Arguments = ["/bin/true"], Environment = [], WorkingDirectory = "/" }, sink: null);
        Assert.Equal(0, (await process.Completion.WaitAsync(TestContext.Current.CancellationToken)).ExitCode);
        Assert.Contains(token, CommandLines());
    }

    [Fact]
    public async Task WarmUp_Starts_TheGuardian()
    {
        var token = $"test-{Guid.NewGuid():N}";
        await using var host = ProcessHost.Create(new ProcessHostOptions { RunToken = token });
        host.WarmUp();
        _ = host.Containment;
        Assert.Contains(token, CommandLines());
    }

    [Fact]
    public async Task DisposeAsync_Refuses_LaterProcesses()
    {
        var host = ProcessHost.Create(new ProcessHostOptions { RunToken = "test-disposed" });
        await host.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => host.Start(new ProcessSpec { Arguments = ["/bin/true"], Environment = [], WorkingDirectory = "/" }, sink: null));
        Assert.Throws<ObjectDisposedException>(host.WarmUp);
    }

    private static string CommandLines()
    {
        var all = new StringBuilder();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                all.Append(File.ReadAllText(Path.Combine(folder, "cmdline")));
            }
            catch (IOException)
            {
                // Ended meanwhile, or no process.
            }
        }

        return all.ToString();
    }
}
