using Cairn.Testing;

namespace Cairn.EndToEnd.Toolchains;

/// <summary>Sources of programs as Debian keeps them, unchanged, from the machine's own mirror, checked by apt with the archive's keys.</summary>
internal static class DebianSources
{
    // Folders of its own: the machine's lists have no sources.
    private const string Script = """
        set -eu
        . /etc/os-release
        mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' | awk -v suite="$VERSION_CODENAME" '$2 == suite && $3 == "main" { print $1; exit }')
        keys=/usr/share/keyrings/$ID-archive-keyring.gpg
        packages=$*
        mkdir -p apt/parts apt/state/lists/partial apt/cache/archives/partial
        echo "deb-src [signed-by=$keys] $mirror $VERSION_CODENAME main" >apt/parts/sources.list
        set -- -qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$PWD/apt/parts" -o "Dir::State=$PWD/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
            -o "Dir::Cache=$PWD/apt/cache" -o APT::Sandbox::User=root
        apt-get "$@" update
        apt-get "$@" source --download-only $packages
        """;

    /// <summary>Fetches the archives of some packages' makers into a folder, and returns the path of each, in their order.</summary>
    public static async Task<string[]> FetchAsync(TestProject project, string folder, params string[] packages)
    {
        Directory.CreateDirectory(folder);
        var fetched = await new Tool("sh", ["-c", Script, "fetch", .. packages]) { Folder = folder, Environment = project.Environment, Timeout = project.Timeout }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(fetched.ExitCode == 0, fetched.ToString());
        return [.. packages.Select(package => Assert.Single(Directory.GetFiles(folder, $"{package}_*.orig.tar.*"), static path => !path.EndsWith(".asc", StringComparison.Ordinal)))];
    }
}
