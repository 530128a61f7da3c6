using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language;
using Cairn.Core.Language.Model;
using Cairn.Engine.Projects.Survey;
using Cairn.Testing;

namespace Cairn.Tests.Projects;

public sealed class ProjectSurveyTests
{
    [Theory]
    [InlineData("go.mod=module example.org/a\n|a.go=package a", "vet test")]
    [InlineData("Cargo.toml=[package]\nname = \"a\"\n|src/main.rs=", "test build")]
    [InlineData("pyproject.toml=[project]\nname = 'a'\n|src/a/__init__.py=|tests/test_a.py=", "test")]
    [InlineData("requirements.txt=flask==3\n|app.py=|tests/test_a.py=import pytest", "download install test")]
    [InlineData("setup.py=|a.py=", "check")]
    [InlineData("package.json={\"scripts\":{\"test\":\"node --test\"}}|a.js=", "test")]
    [InlineData("package.json={\"dependencies\":{\"left-pad\":\"1\"},\"scripts\":{\"build\":\"tsc\",\"test\":\"jest\",\"lint\":\"eslint .\"}}|package-lock.json={}", "npm-install node-build node-lint node-test")]
    [InlineData("pom.xml=<project/>|src/main/java/A.java=", "download verify")]
    [InlineData("CMakeLists.txt=enable_testing()|a.c=", "build test")]
    [InlineData("CMakeLists.txt=project(a)|a.c=", "build")]
    [InlineData("configure=#!/bin/sh|a.c=", "build")]
    [InlineData("Makefile=all:\ncheck: all\n|a.c=|.gitignore=/build/\n", "build test")]
    [InlineData("Makefile=all:\ncheck: all\n|a.c=", "build")]
    [InlineData("build.zig=b.step(\"test\", \"\")", "build test")]
    [InlineData("Gemfile=gem 'rake'\n|spec/a_spec.rb=", "download install test")]
    [InlineData("Rakefile=Rake::TestTask.new|test/a_test.rb=", "test")]
    [InlineData("composer.json={\"require\":{\"php\":\">=8\"},\"scripts\":{\"test\":\"php tests/run.php\"}}|a.php=", "check test")]
    [InlineData("composer.json={\"require\":{\"a/b\":\"1\"}}|phpunit.xml=", "check install autoload test")]
    [InlineData("Makefile.PL=|lib/A.pm=|t/a.t=", "check test")]
    [InlineData("bin/a.sh=#!/bin/sh|tests/run.sh=#!/bin/bash", "check test")]
    public void Draft_FindsTheStepsOfAProject(string files, string steps) => Assert.Equal(steps, string.Join(' ', Draft(files).Steps.Select(s => s.Name.Value)));

    [Fact]
    public void Draft_OfNothing_SaysSo()
    {
        var diagnostics = new DiagnosticBag();
        Assert.Null(ProjectSurvey.Draft(Listing("README.md=hello"), "a", diagnostics));
        Assert.Equal(DiagnosticCodes.NothingToBuild, Assert.Single(diagnostics.ToSorted()).Code);
    }

    [Fact]
    public void Dotnet_BuildsInTheOrderOfReferences()
    {
        var pipeline = Draft(
            "a.slnx=<Solution/>|Directory.Build.props=<Project/>"
            + "|src/A/A.csproj=<Project Sdk='Microsoft.NET.Sdk'/>|src/A/A.cs="
            + "|src/B/B.csproj=<Project><ItemGroup><ProjectReference Include='..\\A\\A.csproj'/></ItemGroup></Project>"
            + "|tests/B.Tests/B.Tests.csproj=<Project><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup><ItemGroup><ProjectReference Include='../../src/B/B.csproj'/></ItemGroup></Project>");
        Assert.Equal(["dotnet-restore", "A-build", "B-build", "B.Tests-build", "B.Tests-test"], pipeline.Steps.Select(s => s.Name.Value));
        Assert.Equal(["dotnet-restore", "A-build", "B-build"], Needs(pipeline, "B.Tests-build"));
        Assert.Equal(["dotnet-restore", "A-build"], Needs(pipeline, "B-build"));
        Assert.Equal(NetworkAccess.None, Step(pipeline, "dotnet-restore").Network ?? NetworkAccess.None);
        var inputs = Inputs(pipeline, "B-build");
        Assert.True(inputs.IsMatch("src/A/A.cs") && inputs.IsMatch("src/B/x/y.cs") && inputs.IsMatch("Directory.Build.props"));
        Assert.False(inputs.IsMatch("src/B/obj/x") || inputs.IsMatch("tests/B.Tests/a.cs"));
    }

    [Fact]
    public void Dotnet_WithPackages_FetchesInOneStep()
    {
        var pipeline = Draft("A/A.csproj=<Project><ItemGroup><PackageReference Include='xunit.v3' Version='1'/></ItemGroup></Project>");
        Assert.Equal(["dotnet-packages"], pipeline.Steps.Where(s => s.Fetch is not null).Select(s => s.Name.Value));
        Assert.Equal(["dotnet-packages", "dotnet-restore"], Needs(pipeline, "A-build"));
        Assert.Contains("A-test", pipeline.Steps.Select(s => s.Name.Value));
    }

    [Theory]
    [InlineData("package.json={\"dependencies\":{\"a\":\"1\"}}|package-lock.json={\"x\":{\"resolved\": \"https://registry.npmjs.org/a.tgz\"},\n\"y\":{\"resolved\": \"https://npm.example.com:8443/b.tgz\"}}", "registry.npmjs.org npm.example.com:8443")]
    [InlineData("package.json={\"dependencies\":{\"a\":\"1\"}}|package-lock.json={\"resolved\": \"https://registry.npmjs.org/a.tgz\"}|.npmrc=registry=https://npm.example.com/\n@x:registry = https://x.example.com/npm", "npm.example.com x.example.com")]
    [InlineData("package.json={\"dependencies\":{\"a\":\"1\"}}|yarn.lock=a@1:\n  resolved \"https://registry.yarnpkg.com/a.tgz\"\n  resolved \"https://user:secret@codeload.github.com/b\"\n", "registry.yarnpkg.com codeload.github.com")]
    [InlineData("package.json={\"dependencies\":{\"a\":\"1\"}}|pnpm-lock.yaml=    resolution: {tarball: https://codeload.github.com/a}\n", "registry.npmjs.org codeload.github.com")]
    [InlineData("requirements.txt=six==1\n# https://example.com\n|a.py=", "pypi.org files.pythonhosted.org")]
    [InlineData("requirements.txt=--index-url https://pypi.example.com/simple\nsix @ https://example.com/six.whl\n|a.py=", "example.com pypi.example.com")]
    [InlineData("pyproject.toml=[project]\nname = \"a\"\ndependencies = [\n  \"six==1\",\n]\n|a.py=", "pypi.org files.pythonhosted.org")]
    [InlineData("Cargo.toml=[package]\n|Cargo.lock=[[package]]\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n[[package]]\nsource = \"git+https://git.example.com/x#1\"\n", "index.crates.io static.crates.io git.example.com")]
    [InlineData("go.mod=module a\nrequire example.org/x v1\n|a.go=", "proxy.golang.org sum.golang.org")]
    [InlineData("pom.xml=<project><url>https://example.org</url><repositories><repository><url>https://maven.example.com/</url></repository></repositories></project>", "repo.maven.apache.org maven.example.com")]
    [InlineData("Gemfile=source 'https://rubygems.org'\ngem 'rake'\ngem 'x', git: 'https://git.example.com/x'\n|a.rb=", "rubygems.org index.rubygems.org git.example.com")]
    [InlineData("Gemfile=source 'https://gems.example.com'\ngem 'rake'\n|a.rb=", "gems.example.com")]
    [InlineData("composer.json={\"require\":{\"a/b\":\"1\"}}|composer.lock={\"packages\":[{\"source\":{\"url\":\"https://git.example.com/\"},\"dist\":{\"url\":\"https://api.github.com/repos/a/b/zipball/1\"}}]}", "repo.packagist.org api.github.com codeload.github.com")]
    [InlineData("composer.json={\"require\":{\"a/b\":\"1\"}}|composer.lock={\"packages\":[{\"dist\":{\"url\":\"https://php.example.com/b.zip\"}}]}", "repo.packagist.org php.example.com")]
    [InlineData("A.csproj=<Project><ItemGroup><PackageReference Include='x' Version='1'/></ItemGroup></Project>|nuget.config=<packageSources><clear/><add key='own' value='https://nuget.example.com/v3/index.json'/></packageSources>", "nuget.example.com")]
    public void Draft_FetchesFromTheHostsThatAProjectNames_AndFromNoneElse(string files, string hosts)
    {
        var pipeline = Draft(files);
        var fetch = Assert.Single(pipeline.Steps, s => s.Fetch is not null);
        Assert.Equal(hosts, string.Join(' ', fetch.Fetch!.Hosts.Patterns.Select(p => p.Text)));
        Assert.DoesNotContain(pipeline.Steps, s => s.Network == NetworkAccess.Host);
    }

    [Theory]
    [InlineData("pom.xml=<project><modules><module>a</module></modules></project>|a/pom.xml=<project/>")]
    [InlineData("pyproject.toml=[tool.poetry.dependencies]\nsix = \"^1\"\n|a.py=")]
    public void Draft_OfWhatOnlyABuildTells_HasTheNetwork(string files)
    {
        var pipeline = Draft(files);
        Assert.Single(pipeline.Steps, s => s.Network == NetworkAccess.Host);
        Assert.DoesNotContain(pipeline.Steps, s => s.Fetch is not null);
    }

    [Fact]
    public void Workspace_OfNpm_FollowsItsPackages()
    {
        var pipeline = Draft(
            "package.json={\"name\":\"all\",\"workspaces\":[\"packages/*\"]}|package-lock.json={}"
            + "|packages/app/package.json={\"name\":\"app\",\"dependencies\":{\"core\":\"*\"},\"scripts\":{\"test\":\"node --test\"}}"
            + "|packages/core/package.json={\"name\":\"core\",\"scripts\":{\"build\":\"tsc\"}}|packages/core/tsconfig.json={ // c\n \"compilerOptions\": { \"outDir\": \"./out\", } }"
            + "|tools/package.json={\"name\":\"tools\",\"scripts\":{\"test\":\"node --test\"}}");
        Assert.Equal(["npm-install", "core-build", "app-test", "tools-test"], pipeline.Steps.Select(s => s.Name.Value));
        Assert.Equal(["npm-install", "core-build"], Needs(pipeline, "app-test"));
        Assert.Empty(Needs(pipeline, "tools-test"));
        Assert.True(Outputs(pipeline, "core-build").IsMatch("packages/core/out/index.js"));
        Assert.True(Inputs(pipeline, "app-test").IsMatch("packages/core/src/a.ts"));
    }

    [Fact]
    public void Workspace_OfGo_SeesTheModulesThatItUses()
    {
        var pipeline = Draft(
            "go.work=go 1.19\nuse (\n\t./api // here\n\t./lib\n)\n|api/go.mod=module example.org/api\nrequire example.org/lib v0.0.0\n|api/a.go="
            + "|lib/go.mod=module example.org/lib\n|lib/l.go=|other/go.mod=module example.org/other\nrequire example.net/x v1\n|other/go.sum=|other/o.go=");
        Assert.Equal(["api-vet", "api-test", "lib-vet", "lib-test", "other-download", "other-vet", "other-test"], pipeline.Steps.Select(s => s.Name.Value));
        var inputs = Inputs(pipeline, "api-test");
        Assert.True(inputs.IsMatch("lib/l.go") && inputs.IsMatch("go.work"));
        Assert.False(inputs.IsMatch("other/o.go"));
        Assert.Equal(["other-download"], Needs(pipeline, "other-test"));
    }

    [Fact]
    public void Workspace_OfCargo_IsOneProject()
    {
        var pipeline = Draft("Cargo.toml=[workspace]\nmembers = [\"a\", \"b\"]\n|Cargo.lock=[[package]]\nname = \"x\"\nsource = \"registry\"\n|a/Cargo.toml=[package]\nname = \"a\"\n|a/src/lib.rs=|b/Cargo.toml=[package]\nname = \"b\"\n|b/src/main.rs=");
        Assert.Equal(["fetch", "test", "build"], pipeline.Steps.Select(s => s.Name.Value));
        Assert.True(Outputs(pipeline, "build").IsMatch("target/release/b"));
    }

    [Fact]
    public void Projects_WithinOthers_BelongToThemselves()
    {
        var pipeline = Draft("go.mod=module example.org/a\n|a.go=|cmd/x.go=|web/package.json={\"scripts\":{\"test\":\"x\"}}|web/a.js=|scripts/py/setup.py=|scripts/py/test_a.py=|docs/a.md=");
        Assert.Equal(["go-vet", "go-test", "web-test", "py-test"], pipeline.Steps.Select(s => s.Name.Value));
        var inputs = Inputs(pipeline, "go-test");
        Assert.True(inputs.IsMatch("cmd/x.go") && inputs.IsMatch("a.go"));
        Assert.False(inputs.IsMatch("web/a.js") || inputs.IsMatch("scripts/py/test_a.py") || inputs.IsMatch("docs/a.md"));
    }

    [Fact]
    public void Draft_NotesWhatItCannotRead()
    {
        var draft = ProjectSurvey.Draft(Listing("package.json={|a/go.mod=module a\n|a/a.go="), "a", new DiagnosticBag());
        Assert.Contains("package.json is not JSON", Assert.Single(draft!.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("go.mod=module a\ngo 1.19\n|a.go=", "go: ca-certificates gcc golang-go libc6-dev")]
    [InlineData("go.mod=module a\ngo 1.23.1\n|a.go=", "")]
    [InlineData("Cargo.toml=[package]\nname = \"a\"\nedition = \"2021\"\n|src/lib.rs=", "rust: ca-certificates cargo gcc libc6-dev")]
    [InlineData("Cargo.toml=[package]\nname = \"a\"\nedition = \"2024\"\n|src/lib.rs=", "")]
    [InlineData("Cargo.toml=[package]\nname = \"a\"\nrust-version = \"1.74\"\n|src/lib.rs=", "")]
    [InlineData("Cargo.toml=[package]\nname = \"a\"\n|Cargo.lock=\nversion = 4\n|src/lib.rs=", "")]
    [InlineData("pyproject.toml=[project]\nrequires-python = \">=3.9,<4\"\n|tests/test_a.py=", "python: python3")]
    [InlineData("pyproject.toml=[project]\nrequires-python = \">=3.12\"\n|tests/test_a.py=", "")]
    [InlineData("requirements.txt=six\n|tests/test_a.py=", "python: ca-certificates python3 python3-pip")]
    [InlineData("package.json={\"engines\":{\"node\":\">=18\"},\"scripts\":{\"test\":\"x\"}}", "node: ca-certificates nodejs npm")]
    [InlineData("package.json={\"engines\":{\"node\":\">=22\"},\"scripts\":{\"test\":\"x\"}}", "")]
    [InlineData("package.json={\"scripts\":{\"test\":\"x\"}}|pnpm-lock.yaml=", "")]
    [InlineData("CMakeLists.txt=cmake_minimum_required(VERSION 3.16...3.30)\nproject(a)\nfind_package(ZLIB REQUIRED)\n", "cc: cmake make g++ gcc libc6-dev zlib1g-dev")]
    [InlineData("CMakeLists.txt=cmake_minimum_required(VERSION 3.28)\nproject(a)\n", "")]
    [InlineData("Makefile=all:\n\tcc a.c -lcurl -lm\n\tgit describe\n|a.c=", "cc: make gcc libc6-dev git libcurl4-openssl-dev")]
    [InlineData("pom.xml=<project><properties><maven.compiler.release>17</maven.compiler.release></properties></project>", "java: ca-certificates default-jdk-headless maven")]
    [InlineData("pom.xml=<project><properties><java.version>21</java.version></properties></project>", "")]
    [InlineData("composer.json={\"require\":{\"php\":\">=8.1\"}}|a.php=", "php: php-cli")]
    [InlineData("composer.json={\"require\":{\"php\":\"^8.3\"}}|a.php=", "")]
    [InlineData("a.sh=#!/bin/sh\n# curl is not called\njq . x; \"$git\" $curl /usr/bin/wget\n", "shell: bash jq")]
    [InlineData("A.csproj=<Project Sdk='Microsoft.NET.Sdk'/>", "")]
    public void Draft_WithASuite_HasPackagesThatAreNewEnough(string files, string toolchains)
    {
        var diagnostics = new DiagnosticBag();
        var draft = ProjectSurvey.Draft(Listing(files), "sample", diagnostics, "bookworm");
        Assert.Empty(diagnostics.ToSorted());
        Assert.Equal(toolchains, string.Join("; ", draft!.Toolchains.Select(t => $"{t.Name}: {string.Join(' ', t.Packages)}")));
        var text = PipelineYaml.Write(draft);
        var read = PipelineReader.Read("cairn.yaml", new OneFile(text));
        Assert.True(read.Diagnostics.IsEmpty, text + string.Join('\n', read.Diagnostics));
        Assert.Equal(toolchains.Length > 0, !read.Pipeline!.Toolchains.IsEmpty);
    }

    [Fact]
    public void Draft_WithASuite_NotesWhatNeedsTheMachine_AndNamesEachStepsToolchain()
    {
        var draft = ProjectSurvey.Draft(Listing("old/go.mod=module old\ngo 1.19\n|old/a.go=|new/go.mod=module new\ngo 1.99\n|new/a.go="), "a", new DiagnosticBag(), "bookworm")!;
        Assert.Equal("new/go.mod needs go 1.99, and bookworm has 1.19: its steps run with what this machine has", Assert.Single(draft.Notes));
        var pipeline = PipelineReader.Read("cairn.yaml", new OneFile(PipelineYaml.Write(draft))).Pipeline!;
        Assert.Equal(["old-test", "old-vet"], pipeline.Steps.Where(s => s.Toolchain is not null).Select(s => s.Name.Value).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("*", null)]
    [InlineData("<4", null)]
    [InlineData(">=3.11,<4", "3.11")]
    [InlineData(">= 3.11", "3.11")]
    [InlineData("^18 || >=20", "18.0")]
    [InlineData("~8.2.3", "8.2.3")]
    [InlineData("3.x", "3.0")]
    [InlineData("v20.1.0", "20.1.0")]
    [InlineData("^7.4|^8.0", "7.4")]
    [InlineData("99999999999999", null)]
    public void Least_IsTheLowestVersionThatSatisfies(string? requirement, string? version) => Assert.Equal(version, DebianPrograms.Least(requirement)?.ToString());

    [Fact]
    public void Listing_LeavesOutWhatIsIgnored()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { "a.go", "out/b.go", "node_modules/c.js", "sub/.hidden/d", "sub/e.tmp", "sub/f" })
        {
            folder.Write(path, "");
        }

        folder.Write(".gitignore", "/out/\n*.tmp\n");
        Assert.Equal([".gitignore", "a.go", "sub/f"], SourceListing.Of(folder.Path).Files);
    }

    [Theory]
    [InlineData("make", "make")]
    [InlineData("a: b", "\"a: b\"")]
    [InlineData("src/**", "\"src/**\"")]
    [InlineData("1.0", "\"1.0\"")]
    [InlineData("true", "\"true\"")]
    [InlineData("say \"x\\y\"", "\"say \\\"x\\\\y\\\"\"")]
    [InlineData("", "\"\"")]
    public void Scalar_IsQuotedWhereItMustBe(string value, string expected) => Assert.Equal(expected, PipelineYaml.Scalar(value));

    private static SourceListing Listing(string files) =>
        SourceListing.Of(files.Split('|').Select(f => f.Split('=', 2)).ToDictionary(f => f[0], f => f[1], StringComparer.Ordinal));

    private static Pipeline Draft(string files)
    {
        var diagnostics = new DiagnosticBag();
        var draft = ProjectSurvey.Draft(Listing(files), "sample", diagnostics);
        Assert.Empty(diagnostics.ToSorted());
        var text = PipelineYaml.Write(draft!);
        var read = PipelineReader.Read("cairn.yaml", new OneFile(text));
        Assert.True(read.Diagnostics.IsEmpty, text + string.Join('\n', read.Diagnostics));
        return read.Pipeline!;
    }

    private static Step Step(Pipeline pipeline, string name) => pipeline.Steps.Single(s => s.Name.Value == name);

    private static IEnumerable<string> Needs(Pipeline pipeline, string name) => Step(pipeline, name).Needs.Select(n => n.Name.Value);

    private static PathPatterns Inputs(Pipeline pipeline, string name) => PathPatterns.Parse(Step(pipeline, name).Inputs!.Value.Select(t => t.Source));

    private static PathPatterns Outputs(Pipeline pipeline, string name) => PathPatterns.Parse(Step(pipeline, name).Outputs.Select(t => t.Source));

    private sealed class OneFile(string text) : ISourceLoader
    {
        public byte[]? Load(string path) => path == "cairn.yaml" ? System.Text.Encoding.UTF8.GetBytes(text) : null;
    }
}
