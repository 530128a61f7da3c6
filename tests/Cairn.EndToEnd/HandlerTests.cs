using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Cairn.EndToEnd;

/// <summary>Handlers of the built program: nothing of them may be lost to trimming, and a receiver that is down costs a run next to nothing.</summary>
public sealed class HandlerTests
{
    [Fact]
    public async Task AReceiverThatIsDown_GetsItsEventsFromTheNextRun_AndACommandItsOwnAtOnce()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nname: demo\nsteps:\n  a: { run: \"true\", cache: false }\n");
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        project.Write("../home/config/cairn/hook.key", "0123456789abcdef0123456789abcdef");
        var key = Path.Combine(project.Environment["XDG_CONFIG_HOME"], "cairn", "hook.key");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        project.Write("../home/config/cairn/config.yaml", $$"""
            run: { isolation: process }
            handlers:
              hook: { webhook: "http://127.0.0.1:{{port}}/", secret: { file: {{key}} }, events: [pipeline.*] }
              seen: { command: [sh, -c, 'cat >> {{project.Folder}}/seen; echo >> {{project.Folder}}/seen'], events: [pipeline.completed], drain: 1m }
            """);

        var first = await project.CairnAsync("run");
        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Contains("warning[CAIRN0685]: 2 events for the handler `hook`", first.Error, StringComparison.Ordinal);
        Assert.Contains("refused", first.Error, StringComparison.Ordinal);
        using var seen = JsonDocument.Parse(project.Read("seen"));
        Assert.Equal(("pipeline.completed", "demo"), (seen.RootElement.GetProperty("type").GetString(), seen.RootElement.GetProperty("pipeline").GetString()));

        using var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var types = new List<string>();
        var serving = Task.Run(async () =>
        {
            while (types.Count < 4)
            {
                var context = await listener.GetContextAsync();
                using var body = await JsonDocument.ParseAsync(context.Request.InputStream, cancellationToken: TestContext.Current.CancellationToken);
                types.Add(body.RootElement.GetProperty("type").GetString()!);
                Assert.StartsWith("v1,", context.Request.Headers["webhook-signature"], StringComparison.Ordinal);
                context.Response.StatusCode = 204;
                context.Response.Close();
            }
        }, TestContext.Current.CancellationToken);
        var second = await project.CairnAsync("run");
        Assert.True(second.ExitCode == 0, second.ToString());
        await serving.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(["pipeline.started", "pipeline.completed", "pipeline.started", "pipeline.completed"], types);
        Assert.DoesNotContain("CAIRN0685", second.Error, StringComparison.Ordinal);

        var handlers = await project.CairnAsync("events", "handlers");
        Assert.Matches("hook +webhook +ok +4 +0 +0 +0 ", handlers.Output);
        Assert.StartsWith("demo", (await project.CairnAsync("analyze", "--pipeline", "demo")).Output, StringComparison.Ordinal);
    }
}
