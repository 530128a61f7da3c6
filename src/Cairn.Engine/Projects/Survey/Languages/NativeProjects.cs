namespace Cairn.Engine.Projects.Survey;

/// <summary>C and C++ with CMake, autotools or make.</summary>
internal static class NativeProjects
{
    private static readonly string[] SourceEndings = [".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".S"];
    private static readonly string[] BuildFolders = ["build", "out", "bin", "obj", "dist"];
    private static readonly string[] Makefiles = ["GNUmakefile", "Makefile", "makefile"];

    private static readonly string[] Autoreconf = ["autoconf", "automake", "libtool", "make", "pkgconf"];

    // Beside the project, so that what only the build needs is no output.
    private const string OutOfTree = "project=$PWD\nmkdir /tmp/build\ncd /tmp/build\n\"$project/configure\" --quiet";
    private const string CopyAndReconfigure = "project=$PWD\ncp -r . /tmp/build\ncd /tmp/build\nautoreconf --install\n./configure --quiet";

    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var file in context.Listing.Named(["CMakeLists.txt", "configure", "configure.ac", .. Makefiles]))
        {
            var folder = Paths.Folder(file);
            if (!SurveyContext.IsCovered(folder, found) && (Array.IndexOf(Makefiles, Paths.Name(file)) < 0 || HasSources(context.Listing, folder)))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        foreach (var folder in Folders(context))
        {
            bool Has(string name) => context.Listing.Has(Paths.In(folder, name));
            yield return Has("CMakeLists.txt") ? CMake(context, folder) : Has("configure") || Has("configure.ac") ? Autotools(context, folder, Has("configure")) : Make(context, folder);
        }
    }

    private static FoundProject CMake(SurveyContext context, string folder)
    {
        var steps = new List<DraftStep>
        {
            new("build", "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release\ncmake --build build --parallel \"$CAIRN_CPUS\"")
            {
                Description = "Configures and compiles into build/",
                Folder = folder,
                Inputs = context.Sources(folder),
                Outputs = [Paths.In(folder, "build/**")],
            },
        };
        var lists = context.Listing.Below(folder).Where(f => Paths.Name(f) == "CMakeLists.txt").Select(context.Listing.Text).ToList();
        if (lists.Exists(t => t.Contains("add_test", StringComparison.OrdinalIgnoreCase) || t.Contains("enable_testing", StringComparison.OrdinalIgnoreCase) || t.Contains("(CTest)", StringComparison.OrdinalIgnoreCase)))
        {
            steps.Add(new DraftStep("test", "cp -r build/. /tmp/build\nctest --test-dir /tmp/build --output-on-failure")
            {
                Description = "Runs what CTest knows",
                Comments = ["CTest notes beside its list of tests what it did; that list is read from elsewhere, so that the notes are nobody's output."],
                Needs = ["build"],
                Folder = folder,
                Inputs = context.Sources(folder),
            });
        }

        return new FoundProject("cmake", folder, "CMake project") { Steps = steps, Toolchain = context.Toolchain("cmake", LeastCMake(lists), Paths.In(folder, "CMakeLists.txt"), ["cmake", "make", .. Compilers(context.Listing, folder, any: true), .. FoundLibraries(lists)]) };
    }

    private static FoundProject Autotools(SurveyContext context, string folder, bool configured) => new("autotools", folder, "Project with a configure script")
    {
        Steps =
        [
            new DraftStep("build", $"{(configured ? OutOfTree : CopyAndReconfigure)}\nmake -j\"$CAIRN_CPUS\"\nmake check\nmake install DESTDIR=\"$project/dist\"")
            {
                Description = "Configures, compiles, checks, and installs into dist/",
                Folder = folder,
                Inputs = context.Sources(folder),
                Outputs = [Paths.In(folder, "dist/**")],
            },
        ],
        Toolchain = context.Toolchain("cc", needed: null, folder, [.. configured ? ["make", "pkgconf"] : Autoreconf, .. Compilers(context.Listing, folder, any: false)]),
    };

    private static FoundProject Make(SurveyContext context, string folder)
    {
        var makefile = Makefiles.Select(m => Paths.In(folder, m)).First(context.Listing.Has);
        var targets = Targets(context.Listing.Text(makefile));
        var check = targets.Contains("check") ? "check" : targets.Contains("test") ? "test" : null;
        var ignored = (context.Listing.Text(Paths.In(folder, ".gitignore")) + "\n" + context.Listing.Text(".gitignore")).Split('\n').Select(l => l.Trim().Trim('/')).ToHashSet(StringComparer.Ordinal);
        var made = BuildFolders.Where(ignored.Contains).Select(f => Paths.In(folder, f + "/**")).ToList();
        var inputs = context.Sources(folder);
        var build = new DraftStep("build", made.Count > 0 || check is null ? "make" : $"make\nmake {check}")
        {
            Description = made.Count > 0 || check is null ? "Compiles" : "Compiles and runs the tests",
            Comments = made.Count > 0 ? [] : ["Which files make writes, its rules do not say; the first run lists them. Add those to `outputs` that other steps or people want."],
            Folder = folder,
            Inputs = inputs,
            Outputs = made,
        };
        var text = context.Listing.Text(makefile);
        return new FoundProject("make", folder, "Project with a Makefile")
        {
            Toolchain = context.Toolchain("cc", needed: null, folder, ["make", .. Compilers(context.Listing, folder, any: false), .. DebianPrograms.OfCalls(text), .. LinkedLibraries(text)]),
            Steps = made.Count == 0 || check is null ? [build] : [build, new DraftStep("test", $"make {check}") { Description = "Runs the tests", Needs = ["build"], Folder = folder, Inputs = inputs }],
        };
    }

    private static IEnumerable<string> Compilers(SourceListing listing, string folder, bool any) =>
        any || listing.Below(folder).Any(f => f.EndsWith(".cc", StringComparison.Ordinal) || f.EndsWith(".cpp", StringComparison.Ordinal) || f.EndsWith(".cxx", StringComparison.Ordinal)) ? ["g++", "gcc", "libc6-dev"] : ["gcc", "libc6-dev"];

    private static Version? LeastCMake(List<string> lists)
    {
        foreach (var text in lists)
        {
            if (text.IndexOf("cmake_minimum_required", StringComparison.OrdinalIgnoreCase) is >= 0 and var at && text.IndexOf("VERSION", at, StringComparison.OrdinalIgnoreCase) is > 0 and var version && text.IndexOf(')', version) is > 0 and var end)
            {
                // `3.16...3.30` is content with the first.
                return DebianPrograms.Least(text[(version + "VERSION".Length)..end].Split("...")[0].Trim());
            }
        }

        return null;
    }

    /// <summary>The packages of what <c>find_package</c>, <c>pkg_check_modules</c> and <c>find_library</c> ask for.</summary>
    private static IEnumerable<string> FoundLibraries(List<string> lists)
    {
        foreach (var call in lists.SelectMany(t => t.Split('(')).Zip(lists.SelectMany(t => t.Split('(')).Skip(1), static (before, within) => (Name: before.TrimEnd(), Words: within.Split(')')[0])))
        {
            var isPkgConfig = call.Name.EndsWith("pkg_check_modules", StringComparison.OrdinalIgnoreCase);
            if (isPkgConfig)
            {
                yield return "pkgconf";
            }

            if (isPkgConfig || call.Name.EndsWith("find_package", StringComparison.OrdinalIgnoreCase) || call.Name.EndsWith("find_library", StringComparison.OrdinalIgnoreCase))
            {
                foreach (var word in call.Words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                {
                    if (DebianPrograms.TryFindLibrary(word, out var package))
                    {
                        yield return package;
                    }
                }
            }
        }
    }

    private static IEnumerable<string> LinkedLibraries(string makefile)
    {
        foreach (var word in makefile.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.StartsWith("-l", StringComparison.Ordinal) && DebianPrograms.TryFindLibrary(word[2..], out var package))
            {
                yield return package;
            }
        }
    }

    private static HashSet<string> Targets(string makefile)
    {
        var targets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in makefile.Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && char.IsAsciiLetter(line[0]) && (colon + 1 == line.Length || line[colon + 1] != '='))
            {
                targets.UnionWith(line[..colon].Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
        }

        return targets;
    }

    private static bool HasSources(SourceListing listing, string folder) => listing.Below(folder).Any(f => Array.Exists(SourceEndings, e => f.EndsWith(e, StringComparison.Ordinal)));
}
