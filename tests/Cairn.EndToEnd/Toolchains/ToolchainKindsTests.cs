using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Toolchains;

/// <summary>Toolchains that are not packages of Debian: of archives, images, steps and the machine's files, made by the programs that others make them with.</summary>
public sealed class ToolchainKindsTests
{
    // A shell and what is essential beside it, which an archive has not.
    private const string Base = "base: { debian: bookworm, packages: [bash] }";

    [Fact]
    public async Task AnArchiveThatMinisignSigned_StandsBesidePackages_AndIsRefusedWithAnotherSignature()
    {
        using var project = Project();
        await ShellAsync(project, """
            mkdir -p tool-1.0/bin tool-1.0/share
            printf '#!/bin/sh\ncat /opt/tool/share/data\n' >tool-1.0/bin/tool
            chmod +x tool-1.0/bin/tool
            echo 'of the archive' >tool-1.0/share/data
            tar czf tool.tar.gz tool-1.0
            for signer in right wrong; do
                minisign -G -W -p $signer.pub -s $signer.key
                minisign -S -s $signer.key -m tool.tar.gz -x $signer.minisig
            done
            """);
        var hash = (await ShellAsync(project, "sha256sum <tool.tar.gz")).Output[..64];
        string Pipeline(string signer) => $$"""
            version: 1
            toolchains:
              {{Base}}
              tool: { archive: ./tool.tar.gz, sha256: {{hash}}, strip: 1, bin: [bin/*], signature: ./{{signer}}.minisig, key: ./right.pub }
            steps:
              use: { toolchain: [base, tool], run: tool >out, outputs: [out] }

            """;

        project.Write("cairn.yaml", Pipeline("wrong"));
        var refused = await project.CairnAsync("toolchain", "lock");
        project.Write("cairn.yaml", Pipeline("right"));
        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        await SuccessAsync(project.CairnAsync("run", "--plain"));
        var traced = await SuccessAsync(project.CairnAsync("toolchain", "trace", "tool"));

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("error[CAIRN0733]: ", refused.Error, StringComparison.Ordinal);
        Assert.Equal("of the archive\n", project.Read("out"));
        Assert.Contains("signed by minisign ", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ArchivesThatDifferAtAPath_AreNotLockedForOneStep()
    {
        using var project = Project();
        var hashes = (await ShellAsync(project, """
            for name in one two; do
                mkdir $name
                echo $name >$name/data
                tar cf $name.tar -C $name data
                sha256sum <$name.tar
            done
            """)).Output.Split('\n');
        project.Write("cairn.yaml", $$"""
            version: 1
            toolchains:
              one: { archive: ./one.tar, sha256: {{hashes[0][..64]}}, at: /opt/same }
              two: { archive: ./two.tar, sha256: {{hashes[1][..64]}}, at: /opt/same }
            steps:
              use: { toolchain: [one, two], run: "true", outputs: [] }

            """);

        var refused = await project.CairnAsync("toolchain", "lock");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("error[CAIRN0712]: ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("`/opt/same/data`", refused.Error, StringComparison.Ordinal);
        Assert.False(project.Exists("cairn.lock"));
    }

    [Fact]
    public async Task AnImage_IsTheTreeThatItsMakersUnpack_AsFolderAndAsFile()
    {
        const string Files = "cd DIR && find bin srv -type f -exec sha256sum {} + | sort -k2; for link in $(find bin srv -type l | sort); do echo $link $(readlink $link); done";
        using var project = Project();
        var expected = await ShellAsync(project, $$"""
            mkdir -p root/bin root/srv/folder
            cp "$(command -v busybox)" root/bin/busybox
            for name in sh find sha256sum sort readlink id; do ln -s busybox root/bin/$name; done
            echo 'of the image' >root/srv/folder/data
            ln root/srv/folder/data root/srv/hard
            {
                umoci init --layout image
                umoci new --image image:one
                umoci insert --image image:one root /
                umoci insert --image image:one --whiteout /bin/id
                skopeo copy oci:image:one oci-archive:image.tar:one
                umoci unpack --image image:one bundle
            } >log 2>&1
            {{Files.Replace("DIR", "$PWD/bundle/rootfs", StringComparison.Ordinal)}}
            """);
        project.Write("cairn.yaml", $$"""
            version: 1
            toolchains:
              folder: { oci: "./image:one" }
              file: { oci: ./image.tar }
            steps:
              folder: { toolchain: folder, outputs: [folder.txt], run: "( {{Files.Replace("DIR", "/", StringComparison.Ordinal)}} ) >folder.txt" }
              file: { toolchain: file, outputs: [file.txt], run: "( {{Files.Replace("DIR", "/", StringComparison.Ordinal)}} ) >file.txt" }

            """);

        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        await SuccessAsync(project.CairnAsync("toolchain", "trace", "file"));
        await SuccessAsync(project.CairnAsync("run", "--plain"));

        Assert.Contains("srv/hard", expected.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("bin/id", expected.Output, StringComparison.Ordinal);
        Assert.Equal(expected.Output, project.Read("folder.txt"));
        Assert.Equal(expected.Output, project.Read("file.txt"));
    }

    [Fact]
    public async Task WhatAStepMade_ServesThoseThatNeedIt_AndOtherProjects()
    {
        using var project = Project();
        project.Write("cairn.yaml", $$"""
            version: 1
            toolchains:
              {{Base}}
              mine: { step: make, from: out, bin: [bin/*] }
            steps:
              make: { toolchain: base, outputs: [out/], run: "mkdir -p out/bin && printf '#!/bin/sh\\necho made by a step\\n' >out/bin/made && chmod +x out/bin/made" }
              use: { needs: [make], toolchain: [base, mine], run: made >used, outputs: [used] }

            """);
        project.Write("other/cairn.yaml", $$"""
            version: 1
            toolchains:
              {{Base}}
              theirs: { step: make, project: .., from: out, bin: [bin/made] }
            steps:
              use: { toolchain: [base, theirs], run: made >used, outputs: [used] }

            """);

        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        await SuccessAsync(project.CairnAsync("run", "--plain"));

        // The receipt names it by its tree and by the action that made it; also that of a run in which everything was cached.
        var said = (await SuccessAsync(project.CairnAsync("receipt", "export", "--format", "intoto"))).Output;
        Assert.Contains("\"name\":\"toolchain:mine\"", said, StringComparison.Ordinal);
        Assert.Contains("step make of this run", said, StringComparison.Ordinal);
        await SuccessAsync(project.CairnAsync("run", "--plain"));
        Assert.Equal(TreeOf(said, "mine"), TreeOf((await SuccessAsync(project.CairnAsync("receipt", "export", "--format", "intoto"))).Output, "mine"));
        await SuccessAsync(project.CairnAsync("toolchain", "lock", "--directory", "other"));
        await SuccessAsync(project.CairnAsync("run", "--plain", "--directory", "other"));

        Assert.Equal("made by a step\n", project.Read("used"));
        Assert.Equal("made by a step\n", project.Read("other/used"));

        var trace = await project.CairnAsync("toolchain", "trace", "theirs", "--directory", "other");
        Assert.True(trace.ExitCode == 0, trace.ToString());
        Assert.Matches("action of `make` in run .*: attestation [0-9a-f]{12}, signed by a trusted key, says that it left this behind\n", trace.Output);
        Assert.DoesNotContain("not checked", trace.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FilesOfTheMachine_AreMounted_AndAChangeIsToldAndRunAnew()
    {
        // A sandbox has a /tmp of its own, and its user reads what all may read.
        var machine = Directory.CreateDirectory($"/var/tmp/cairn-test-{Path.GetRandomFileName()}");
        try
        {
            using var project = Project();
            await File.WriteAllTextAsync($"{machine.FullName}/data", "first\n", TestContext.Current.CancellationToken);
            project.Write("cairn.yaml", $$"""
                version: 1
                toolchains:
                  {{Base}}
                  files: { host: {{machine.FullName}} }
                steps:
                  use: { toolchain: [base, files], run: "cat {{machine.FullName}}/data >used", outputs: [used] }

                """);
            await SuccessAsync(project.CairnAsync("toolchain", "lock"));
            await SuccessAsync(project.CairnAsync("run", "--plain"));
            var first = project.Read("used");

            await File.WriteAllTextAsync($"{machine.FullName}/data", "second\n", TestContext.Current.CancellationToken);
            var changed = await SuccessAsync(project.CairnAsync("run", "--plain"));

            Assert.Equal("first\n", first);
            Assert.Equal("second\n", project.Read("used"));
            Assert.Contains("warning[CAIRN0714]: ", changed.Output, StringComparison.Ordinal);
        }
        finally
        {
            machine.Delete(recursive: true);
        }
    }

    private static TestProject Project() => new("sandbox") { Timeout = TimeSpan.FromMinutes(2) };

    private static Task<ToolResult> ShellAsync(TestProject project, string script) =>
        SuccessAsync(new Tool("sh", ["-euc", script]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }.RunAsync(TestContext.Current.CancellationToken));

    private static string TreeOf(string receipt, string toolchain)
    {
        using var statement = JsonDocument.Parse(receipt);
        return statement.RootElement.GetProperty("predicate").GetProperty("buildDefinition").GetProperty("resolvedDependencies").EnumerateArray()
            .Single(d => d.GetProperty("name").GetString() == $"toolchain:{toolchain}").GetProperty("annotations").GetProperty("tree").GetString()!;
    }

    private static async Task<ToolResult> SuccessAsync(Task<ToolResult> running)
    {
        var result = await running;
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
