using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>GNU hello as Debian keeps its makers' sources: what a project of others, with autotools, wants of a sandbox.</summary>
public sealed class GnuHelloTests
{
    // From the machine's own mirror, checked by apt with the archive's keys. Folders of its own: the machine's lists have no sources.
    private const string Fetch = """
        set -eu
        . /etc/os-release
        mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' | awk -v suite="$VERSION_CODENAME" '$2 == suite && $3 == "main" { print $1; exit }')
        keys=/usr/share/keyrings/$ID-archive-keyring.gpg
        mkdir -p apt/parts apt/state/lists/partial apt/cache/archives/partial
        echo "deb-src [signed-by=$keys] $mirror $VERSION_CODENAME main" >apt/parts/sources.list
        set -- -qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$PWD/apt/parts" -o "Dir::State=$PWD/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
            -o "Dir::Cache=$PWD/apt/cache" -o APT::Sandbox::User=root
        apt-get "$@" update
        apt-get "$@" source --download-only hello
        mkdir -p project
        tar xzf hello_*.orig.tar.gz -C project --strip-components=1
        """;

    [Fact]
    public async Task Hello_IsBuiltAndChecked_ThenCached_ThenReproduced()
    {
        using var project = new TestProject("sandbox") { Timeout = TimeSpan.FromMinutes(5) };
        var fetched = await new Tool("sh", "-c", Fetch) { Folder = Path.GetDirectoryName(project.Folder)!, Environment = project.Environment, Timeout = project.Timeout }
            .RunAsync(TestContext.Current.CancellationToken);
        Assert.True(fetched.ExitCode == 0, fetched.ToString());
        project.Write(
            "cairn.yaml",
            """
            version: 1
            name: hello
            defaults: { strict: true }
            steps:
              build:
                run: |
                  source=$PWD
                  mkdir /tmp/build && cd /tmp/build
                  "$source"/configure --quiet CFLAGS=-O2
                  make -s -j2
                  make -s check
                  make -s install-strip DESTDIR="$source/dist"
                inputs: ["**"]
                outputs: [dist/**]
              try:
                needs: [build]
                inputs: []
                run: dist/usr/local/bin/hello

            """);

        var built = await project.CairnAsync("run", "--plain");
        var again = await project.CairnAsync("run", "--plain");
        var reproduced = await project.CairnAsync("reproduce", "build");

        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.Contains("# PASS:  ", built.Output, StringComparison.Ordinal);
        Assert.Contains("[try] Hello, world!", built.Output, StringComparison.Ordinal);
        Assert.Contains("2 of 2 cached, nothing to do", again.Output + again.Error, StringComparison.Ordinal);
        Assert.True(reproduced.ExitCode == 0, reproduced.ToString());
        Assert.StartsWith("identical build  ", reproduced.Output, StringComparison.Ordinal);
    }
}
