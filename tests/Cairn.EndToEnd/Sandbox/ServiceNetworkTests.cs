using System.Net;
using System.Net.Sockets;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Services of sandboxed steps: in a network of the run, and only there.</summary>
public sealed class ServiceNetworkTests
{
    /// <summary>Serves a file per connection, on a port of its own and on an abstract socket.</summary>
    private const string Server = """
        import os, socket, sys, threading
        def serve(listener):
            while True:
                peer, _ = listener.accept()
                peer.sendall(os.environ["CAIRN_SERVICE"].encode())
                peer.close()
        hidden = socket.socket(socket.AF_UNIX)
        hidden.bind("\0cairn-" + os.environ["CAIRN_SERVICE"])
        hidden.listen()
        threading.Thread(target=serve, args=[hidden], daemon=True).start()
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        print("up", flush=True)
        serve(listener)

        """;

    private const string Call = """
        import socket, sys
        for target in sys.argv[1:]:
            host, _, port = target.rpartition(":")
            try:
                if host:
                    peer = socket.create_connection((host, int(port)), timeout=5)
                else:
                    peer = socket.socket(socket.AF_UNIX)
                    peer.connect("\0" + port)
                print(target, "says", peer.recv(100).decode(), flush=True)
            except OSError as error:
                print(target, "is not there:", error, flush=True)

        """;

    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Services_Are_Reached_By_Their_Names_Without_A_Network(bool asUser)
    {
        using var project = Project(asUser, """
              use:
                services: [db, web]
                run: python3 call.py db:5432 localhost:5432 web:8080 :cairn-web; echo "$(hostname) $(id -u)"
              again: { needs: [use], services: [db], run: python3 call.py db:5432 web:8080 }
            services:
              db: { command: [python3, server.py, "5432"], ready: { tcp: 5432 } }
              web: { run: exec python3 server.py 8080, env: { GREETING: "${{ params.greeting }}" }, working_directory: ., ready: { run: "test \"$GREETING:$(pwd)\" = hello:/work && python3 call.py web:8080 | grep says" } }
            params: { greeting: { default: hello } }

            """);

        var result = await project.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.All(
            (string[])["[use] db:5432 says db", "[use] localhost:5432 says db", "[use] web:8080 says web", "[use] :cairn-web says web", "[use] cairn 1000", "[again] db:5432 says db", "[again] web:8080 is not there"],
            text => Assert.Contains(text, result.Output, StringComparison.Ordinal));
        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task What_A_Url_Or_A_Text_Tells_Of_A_Service_Is_Seen_In_Its_Network(bool asUser)
    {
        using var project = Project(asUser, """
              use: { services: [web, slow], run: "python3 call.py slow:4000" }
            services:
              web: { command: [python3, -m, http.server, "8080", --bind, localhost], ready: { http: "http://web:8080/call.py", interval: 20ms, timeout: 20s } }
              slow: { command: [python3, server.py, "4000"], ready: { output: up, interval: 20ms } }

            """);

        var result = await project.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[use] slow:4000 says slow", result.Output, StringComparison.Ordinal);
        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Steps_Without_Services_Reach_None_And_Services_Do_Not_Reach_The_Host(bool asUser)
    {
        using var tcp = new TcpListener(IPAddress.Any, 0);
        tcp.Start();
        var port = ((IPEndPoint)tcp.LocalEndpoint).Port;
        // The service goes on from the first step to the last; between them there is one that has no business with it.
        using var project = Project(asUser, $$"""
              first: { services: [db], run: "python3 call.py db:5432" }
              spy:
                needs: [first]
                run: python3 call.py 127.0.0.1:5432 localhost:5432 db:5432 :cairn-db 127.0.0.1:{{port}}; grep -c db /etc/hosts || true
              last: { needs: [spy], services: [db], run: "python3 call.py db:5432 127.0.0.1:{{port}}" }
            services:
              db: { run: "python3 call.py 127.0.0.1:{{port}}; exec python3 server.py 5432", ready: { tcp: 5432 } }

            """);

        var result = await project.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[first] db:5432 says db", result.Output, StringComparison.Ordinal);
        Assert.Contains("[last] db:5432 says db", result.Output, StringComparison.Ordinal);
        Assert.Single(result.Output.Split('\n'), static line => line.Contains("service db: started", StringComparison.Ordinal));
        Assert.DoesNotContain("[spy] says", result.Output.Replace("[spy] ", "[spy]", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(5, result.Output.Split('\n').Count(static line => line.StartsWith("[spy] ", StringComparison.Ordinal) && line.Contains("is not there", StringComparison.Ordinal)));
        Assert.Contains("[spy] 0", result.Output, StringComparison.Ordinal);
        Assert.Contains($"[service:db] 127.0.0.1:{port} is not there", result.Output, StringComparison.Ordinal);
        Assert.Contains($"[last] 127.0.0.1:{port} is not there", result.Output, StringComparison.Ordinal);
        Assert.False(tcp.Pending(), "nobody called");
        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task A_Service_Sees_What_All_Its_Steps_Have_In_Common(bool asUser)
    {
        using var project = Project(asUser, """
              build: { run: "mkdir -p out; echo built > out/made", outputs: ["out/**"] }
              other: { run: "echo other > private", outputs: [private] }
              one: { needs: [build, other], inputs: [shared.txt, one.txt, "*.py"], services: [db], run: "python3 call.py db:5432; ls" }
              two: { needs: [build, one], inputs: [shared.txt, two.txt, "*.py"], services: [db], run: "python3 call.py db:5432; ls" }
            services:
              db: { run: "ls -d *.txt private out/* || true; echo mine > written.txt; exec python3 server.py 5432", ready: { tcp: 5432 } }

            """);
        Assert.All((string[])["shared.txt", "one.txt", "two.txt"], name => project.Project.Write(name, name));

        var result = await project.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        var seen = result.Output.Split('\n').Where(static line => line.StartsWith("[service:db] ", StringComparison.Ordinal)).Select(static line => line["[service:db] ".Length..]).ToList();
        Assert.Contains("shared.txt", seen);
        Assert.Contains("out/made", seen);
        Assert.DoesNotContain("one.txt", seen);
        Assert.DoesNotContain("two.txt", seen);
        Assert.DoesNotContain("private", seen);
        Assert.DoesNotContain("written.txt", result.Output, StringComparison.Ordinal);
        Assert.False(project.Project.Exists("written.txt"));
        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task A_Service_That_Does_Not_Come_Up_Says_What_It_Saw(bool asUser)
    {
        using var project = Project(asUser, """
              use: { inputs: [], services: [db], run: "true" }
            services:
              db: { command: [python3, server.py, "5432"], ready: { tcp: 5432 } }

            """);

        var result = await project.RunAsync();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("service `db` ended before it was ready (exit 2)", result.Output, StringComparison.Ordinal);
        Assert.Contains("in its sandbox are the inputs that all steps with this service have in common", result.Output, StringComparison.Ordinal);
        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Each_Kind_Of_Step_Has_A_Service_Of_Its_Own(bool asUser)
    {
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        using var project = Project(asUser, $$"""
              boxed: { services: [db], run: "python3 call.py db:{{port}}" }
              plain: { isolation: process, services: [db], run: "python3 call.py localhost:{{port}}" }
              hosted: { network: host, needs: [plain], services: [db], run: "python3 call.py db:{{port}}; test -s /etc/resolv.conf || test ! -s resolv.txt" }
            services:
              db: { run: "echo at $(pwd); exec python3 server.py {{port}}", ready: { tcp: {{port}} } }

            """);
        project.Project.Write("resolv.txt", File.Exists("/etc/resolv.conf") ? await File.ReadAllTextAsync("/etc/resolv.conf", TestContext.Current.CancellationToken) : "");

        var result = await project.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.All((string[])[$"[boxed] db:{port} says db", $"[plain] localhost:{port} says db", $"[hosted] db:{port} says db", "[service:db] at /work", $"[service:db] at {project.Project.Folder}"], text => Assert.Contains(text, result.Output, StringComparison.Ordinal));
        project.AssertNothingLeft();
    }

    private static HostileProject Project(bool asUser, string steps)
    {
        var project = HostileProject.Of(asUser, steps);
        project.Project.Write("server.py", Server);
        project.Project.Write("call.py", Call);
        return project;
    }
}
