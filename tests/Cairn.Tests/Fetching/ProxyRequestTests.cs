using System.Text;

using Cairn.Core.Fetching;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Fetching;

public sealed class ProxyRequestTests
{
    [Fact]
    public void TryRead_OfATunnel_SaysWhereTo()
    {
        var request = Read("CONNECT Registry.npmjs.org:443 HTTP/1.1\r\nHost: registry.npmjs.org:443\r\nProxy-Connection: keep-alive\r\n\r\n");

        Assert.NotNull(request);
        Assert.True(request.IsTunnel);
        Assert.Equal(("registry.npmjs.org", 443), (request.Host, request.Port));
        Assert.Equal("CONNECT registry.npmjs.org:443 HTTP/1.1\r\nHost: registry.npmjs.org:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n", Encoding.Latin1.GetString(request.ToProxy("Basic eDp5")));
    }

    [Fact]
    public void ToHost_HasThePathAndTheHostThatWasJudged()
    {
        var request = Read("GET http://Example.com:8080/a?b HTTP/1.1\r\nHost: evil.example\r\nAccept: */*\r\nProxy-Authorization: Basic eDp5\r\nConnection: x-hop, keep-alive\r\nX-Hop: 1\r\nUpgrade: websocket\r\n\r\n");

        Assert.NotNull(request);
        Assert.Equal("GET /a?b HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nConnection: close\r\n\r\n", Encoding.Latin1.GetString(request.ToHost()));
        Assert.StartsWith("GET http://example.com:8080/a?b HTTP/1.1\r\n", Encoding.Latin1.GetString(request.ToProxy(null)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET http://example.com?q HTTP/1.1\r\n\r\n", "GET /?q HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")]
    [InlineData("GET HTTP://[2606:4700::1]/x HTTP/1.0\r\n\r\n", "GET /x HTTP/1.1\r\nHost: [2606:4700::1]\r\nConnection: close\r\n\r\n")]
    [InlineData("POST http://a.example/ HTTP/1.1\r\nConnection: content-length\r\nContent-Length: 3\r\n\r\n", "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")]
    public void ToHost_KeepsWhatBelongsToTheHost(string head, string expected) => Assert.Equal(expected, Encoding.Latin1.GetString(Read(head)!.ToHost()));

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")]
    [InlineData("GET https://example.com/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://user@example.com/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://example.com/#x HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://example.com:0/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://example.com:99999/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http:///x HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://127.1/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://2130706433/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://0x7f.0.0.1/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/2.0\r\n\r\n")]
    [InlineData("get http://example.com/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET  http://example.com/ HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT example.com HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT http://example.com:443 HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT ::1:443 HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT example.com:+443 HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT example.com: 443 HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\n Folded: x\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nName : x\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nNo colon\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nA: x\nB: y\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nA: x\0\r\n\r\n")]
    [InlineData("GET http://example.com/\rx HTTP/1.1\r\n\r\n")]
    [InlineData("POST http://example.com/ HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST http://example.com/ HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\n")]
    [InlineData("\r\n\r\n")]
    public void TryRead_RefusesWhatCouldBeReadInAnotherWay(string head) => Assert.Null(Read(head));

    [Fact]
    public void TryRead_HasLimits()
    {
        Assert.Null(Read($"GET http://example.com/{new string('a', ProxyRequest.HeadBytesMax)} HTTP/1.1\r\n\r\n"));
        Assert.Null(Read($"GET http://example.com/ HTTP/1.1\r\n{string.Concat(Enumerable.Repeat("A: b\r\n", 201))}\r\n"));
    }

    [Fact]
    public void TryRead_OfAnyBytes_IsARequestOrAProblem() => Prop.ForAll<byte[]>(bytes =>
    {
        var request = ProxyRequest.TryRead([.. "GET http://"u8, .. bytes ?? [], .. "\r\n\r\n"u8], out var problem);
        Assert.True(request is not null ^ problem.Length > 0);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void ToHost_IsOneRequest_WhateverWasAsked() => Prop.ForAll<string, string>((path, header) =>
    {
        if (ProxyRequest.TryRead(Encoding.UTF8.GetBytes($"GET http://example.com/{path} HTTP/1.1\r\nX: {header}\r\n\r\n"), out _) is not { } request)
        {
            return;
        }

        var head = request.ToHost();
        Assert.Equal(head.Length, ProxyRequest.FindEnd(head));
        Assert.StartsWith("GET /", Encoding.Latin1.GetString(head), StringComparison.Ordinal);
        Assert.Contains("\r\nHost: example.com\r\n", Encoding.Latin1.GetString(head), StringComparison.Ordinal);
        var again = ProxyRequest.TryRead(request.ToProxy(null), out _);
        Assert.Equal((request.Host, request.Port, request.Method), (again?.Host, again?.Port ?? 0, again?.Method));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static ProxyRequest? Read(string head)
    {
        var request = ProxyRequest.TryRead(Encoding.Latin1.GetBytes(head), out var problem);
        Assert.Equal(request is null, problem.Length > 0);
        return request;
    }
}
