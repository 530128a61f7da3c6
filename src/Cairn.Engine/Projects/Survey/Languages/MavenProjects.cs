namespace Cairn.Engine.Projects.Survey;

/// <summary>Java with Maven: a reactor is built and tested as a whole.</summary>
internal static class MavenProjects
{
    private const string Repository = ".m2";

    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var folder in context.Listing.Named("pom.xml").Select(Paths.Folder))
        {
            if (!SurveyContext.IsCovered(folder, found))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context) => Folders(context).Select(folder =>
    {
        var pom = context.Listing.Text(Paths.In(folder, "pom.xml"));
        return new FoundProject("maven", folder, "Maven project")
        {
            Steps = pom.Contains("<modules>", StringComparison.Ordinal) || pom.Contains("<parent>", StringComparison.Ordinal) ? [Whole(context, folder)] : Apart(context, folder, pom),
            Toolchain = context.Toolchain("java", Least(pom), Paths.In(folder, "pom.xml"), "ca-certificates", "default-jdk-headless", "maven"),
        };
    });

    /// <summary>Modules that need each other are found by Maven only when they are built.</summary>
    private static DraftStep Whole(SurveyContext context, string folder) => new("verify", "mvn --batch-mode --no-transfer-progress verify")
    {
        Description = "Compiles, tests and packs",
        Comments =
        [
            "Maven downloads its plugins when it needs them, some only then: so it has the network, and a cache for what it has downloaded.",
            "`cairn new java NAME` makes a pipeline that downloads in one step and builds without the network in another.",
        ],
        Folder = folder,
        Network = true,
        Inputs = context.Sources(folder),
        Outputs = [Paths.In(folder, context.Listing.Text(Paths.In(folder, "pom.xml")).Contains("<modules>", StringComparison.Ordinal) ? "**/target/**" : "target/**")],
        Caches = [("maven", "~/.m2/repository")],
    };

    /// <summary>Of a pom for itself all that its build asks for is known by building it without sources.</summary>
    private static List<DraftStep> Apart(SurveyContext context, string folder, string pom)
    {
        var test = pom.Contains("junit-jupiter", StringComparison.Ordinal) ? "org.junit.jupiter.api.Test"
            : pom.Contains("<artifactId>testng</artifactId>", StringComparison.Ordinal) ? "org.testng.annotations.Test"
            : pom.Contains("<artifactId>junit</artifactId>", StringComparison.Ordinal) ? "org.junit.Test" : null;
        var probe = test is null ? "" : $"printf 'public class ProbeTest {{ @{test} public void passes() {{ }} }}\\n' > /tmp/probe/src/test/java/ProbeTest.java\n";
        return
        [
            new DraftStep(
                "download",
                $"""
                mkdir -p /tmp/probe/src/test/java
                cp pom.xml /tmp/probe/
                {probe}mvn --batch-mode --no-transfer-progress --file /tmp/probe/pom.xml -Dmaven.repo.local="$PWD/{Repository}" verify
                find {Repository} '(' -name _remote.repositories -o -name '*.lastUpdated' -o -name resolver-status.properties ')' -delete
                """)
            {
                Description = "Maven's plugins and the dependencies of pom.xml",
                Comments =
                [
                    .. test is null ? Array.Empty<string>() : ["Surefire looks for its provider only when it has tests to run: a test of no interest makes it."],
                    "The files that Maven keeps for itself name places and times: they are no part of what is pinned.",
                ],
                Folder = folder,
                Hosts = FetchHosts.OfMaven(pom),
                Inputs = [Paths.In(folder, "pom.xml")],
                Outputs = [Paths.In(folder, Repository + "/**")],
            },
            new DraftStep("verify", $"mvn --batch-mode --offline -Dmaven.repo.local=\"$PWD/{Repository}\" verify")
            {
                Description = "Compiles, tests and packs",
                Needs = ["download"],
                Folder = folder,
                Inputs = context.Sources(folder),
                Outputs = [Paths.In(folder, "target/**")],
            },
        ];
    }

    /// <summary>The Java that a pom compiles for; <c>1.8</c> is 8.</summary>
    private static Version? Least(string pom)
    {
        foreach (var name in new[] { "maven.compiler.release", "maven.compiler.source", "java.version", "release", "source" })
        {
            if (pom.IndexOf($"<{name}>", StringComparison.Ordinal) is >= 0 and var at && pom.IndexOf('<', at + 1) is > 0 and var end)
            {
                return DebianPrograms.Least(pom[(at + name.Length + 2)..end].Trim());
            }
        }

        return null;
    }
}
