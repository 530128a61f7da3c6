using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine.Configuration;
using Cairn.Engine.Handlers;
using Cairn.Testing;

namespace Cairn.Tests.Handlers;

public sealed class HandlerReaderTests
{
    [Fact]
    public void Read_EveryKeyOfEveryKind()
    {
        var handlers = Load(
            """
            run: { max_parallel: 2 }
            handlers:
              audit: { file: /var/log/cairn.ndjson, events: ["*"], rotate: 1MiB, keep: 2, drain: 500ms }
              chat:
                webhook: https://chat.example.org/hooks/T0/secret?x=1
                secret: { file: /etc/cairn/chat.key }
                events: [pipeline.failed, step.*]
                pipelines: [zlib*]
                branches: [main, release/*]
                timeout: 3s
              local: { webhook: "http://127.0.0.1:8080/", secret: { env: HOOK }, events: [cache.hit] }
              say: { command: [notify-send, Cairn], events: [pipeline.finished], timeout: 1m, parallel: 4 }
            """, out var diagnostics);
        Assert.Empty(diagnostics);
        Assert.Equal(["audit", "chat", "local", "say"], handlers.Select(h => h.Name));
        var file = Assert.IsType<HandlerSettings.File>(handlers[0]);
        Assert.Equal(("/var/log/cairn.ndjson", 1L << 20, 2, TimeSpan.FromMilliseconds(500)), (file.Path, file.RotateBytes, file.Keep, file.Drain));
        var chat = Assert.IsType<HandlerSettings.Webhook>(handlers[1]);
        Assert.Equal(("https://chat.example.org", "/etc/cairn/chat.key", TimeSpan.FromSeconds(3)), (chat.Target, chat.Secret.File, chat.Timeout));
        Assert.Equal([new NamePattern("main"), new NamePattern("release/*")], chat.Branches);
        Assert.Equal("HOOK", Assert.IsType<HandlerSettings.Webhook>(handlers[2]).Secret.Variable);
        var say = Assert.IsType<HandlerSettings.Command>(handlers[3]);
        Assert.Equal(("notify-send", 4, HandlerLimits.DrainDefault), (say.Target, say.Parallel, say.Drain));
    }

    [Theory]
    [InlineData("h: { events: [step.failed] }", "CAIRN0680", "give exactly one of `file`, `webhook` and `command`")]
    [InlineData("h: { file: /a, command: [b], events: [step.failed] }", "CAIRN0680", "give exactly one of")]
    [InlineData("h: { file: /a }", "CAIRN0680", "`events: [pipeline.*, step.failed]`")]
    [InlineData("h: { webhook: 'https://a.b/', events: [step.failed] }", "CAIRN0680", "openssl rand")]
    [InlineData("h: { file: /a, events: [step.failed], evnts: 1 }", "CAIRN0681", "did you mean `events`?")]
    [InlineData("h: { file: /a, events: [step.failed], secret: { env: A } }", "CAIRN0681", "remove it")]
    [InlineData("h: { file: a.log, events: [step.failed] }", "CAIRN0682", "begin it with `/`")]
    [InlineData("h: { file: /a, events: step.failed }", "CAIRN0682", "write `events: [step.failed]`")]
    [InlineData("h: { file: /a, events: [] }", "CAIRN0682", "write `events: [step.failed]`")]
    [InlineData("h: { file: /a, events: [step.fialed] }", "CAIRN0683", "did you mean `step.failed`?")]
    [InlineData("h: { file: /a, events: [steps.*] }", "CAIRN0683", "docs/reference/events.md")]
    [InlineData("h: { file: /a, events: ['*'], rotate: 1KiB }", "CAIRN0682", null)]
    [InlineData("h: { file: /a, events: ['*'], keep: 0 }", "CAIRN0682", null)]
    [InlineData("h: { file: /a, events: ['*'], drain: 2m }", "CAIRN0682", null)]
    [InlineData("h: { webhook: 'http://example.org/', secret: { env: A }, events: ['*'] }", "CAIRN0684", "use `https://`")]
    [InlineData("h: { webhook: 'http://127.0.0.1.example.org/', secret: { env: A }, events: ['*'] }", "CAIRN0684", "use `https://`")]
    [InlineData("h: { webhook: 'https://user:pw@example.org/', secret: { env: A }, events: ['*'] }", "CAIRN0684", "see `secret`")]
    [InlineData("h: { webhook: 'https://example.org/#a', secret: { env: A }, events: ['*'] }", "CAIRN0684", "remove `#`")]
    [InlineData("h: { webhook: 'ftp://example.org/', secret: { env: A }, events: ['*'] }", "CAIRN0682", "https://example.org/hook")]
    [InlineData("h: { webhook: 'https://example.org/', secret: hunter2hunter2, events: ['*'] }", "CAIRN0682", "openssl rand")]
    [InlineData("h: { webhook: 'https://example.org/', secret: { value: x }, events: ['*'] }", "CAIRN0682", "openssl rand")]
    [InlineData("h: { command: echo, events: ['*'] }", "CAIRN0682", "takes a list")]
    [InlineData("h: { command: [./notify], events: ['*'] }", "CAIRN0682", "absolute path")]
    [InlineData("h: { command: [a], parallel: 17, events: ['*'] }", "CAIRN0682", null)]
    [InlineData("'../h': { file: /a, events: ['*'] }", "CAIRN0682", "lower-case letters")]
    [InlineData("h: 1", "CAIRN0682", "write `webhook:")]
    public void Read_SaysWhatIsWrong(string entry, string code, string? help)
    {
        var handlers = Load($"handlers:\n  {entry}\n", out var diagnostics);
        Assert.Empty(handlers);
        var diagnostic = Assert.Single(diagnostics);
        Assert.Equal(code, diagnostic.Code);
        Assert.Equal(2, diagnostic.Span.Line);
        if (help is not null)
        {
            Assert.Contains(help, $"{diagnostic.Message}\n{diagnostic.Suggestion}", StringComparison.Ordinal);
        }

        Assert.DoesNotContain("hunter2", diagnostic.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SaysAllMistakesAtOnce_AndKeepsWhatIsRight()
    {
        var handlers = Load("handlers:\n  a: { file: b, events: [x] }\n  c: { file: /d, events: ['*'] }\n  e: 1\n", out var diagnostics);
        Assert.Equal(["c"], handlers.Select(h => h.Name));
        Assert.Equal(["CAIRN0682", "CAIRN0683", "CAIRN0682"], diagnostics.Select(d => d.Code));
    }

    [Fact]
    public void Handlers_OfAProject_AreRefused()
    {
        using var folder = new TemporaryFolder();
        var bag = new DiagnosticBag();
        var settings = SettingsLoader.Load(null, folder.Write("config.yaml", "handlers:\n  h: { file: /a, events: ['*'] }\n"), bag);
        Assert.Equal(DiagnosticCodes.ConfigurationWrongLevel, Assert.Single(bag.ToSorted()).Code);
        Assert.Empty(settings.Handlers);
    }

    private static HandlerSettings[] Load(string yaml, out Diagnostic[] diagnostics)
    {
        using var folder = new TemporaryFolder();
        var bag = new DiagnosticBag();
        var settings = SettingsLoader.LoadUser(folder.Write("config.yaml", yaml), bag).Settings;
        diagnostics = [.. bag.ToSorted()];
        return [.. settings.Handlers];
    }
}
