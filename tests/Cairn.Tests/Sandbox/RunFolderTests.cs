using Cairn.Execution.Sandbox;
using Cairn.Store.Layers;
using Cairn.Testing;

namespace Cairn.Tests.Sandbox;

public sealed class RunFolderTests
{
    [Fact]
    public void Make_ClearsDeadRunsAndKeepsLivingOnes()
    {
        using var store = new TemporaryFolder();
        store.Write("sandbox/dead.lock", "/groups/a\n/groups/b\n");
        store.Write("sandbox/dead/7/upper/f", "x");
        store.Write("sandbox/kept/f", "not a run's");
        var cleared = new List<(string, string)>();
        using var living = RunFolder.Make(store.Path, "living", (_, _) => true);
        Assert.False(Directory.Exists(store["sandbox/dead"]));

        store.Write("sandbox/later.lock", "/groups/a\n");
        store.Write("sandbox/later/f", "x");
        using (RunFolder.Make(store.Path, "next", (run, folder) =>
        {
            cleared.Add((run, folder));
            return true;
        }))
        {
            Assert.Equal([("later", "/groups/a")], cleared);
            Assert.True(Directory.Exists(store["sandbox/living"]) && Directory.Exists(store["sandbox/kept"]));
        }

        Assert.Equal(["kept", "living", "living.lock"], Directory.EnumerateFileSystemEntries(store["sandbox"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Make_KeepsTheNotesOfADeadRun_WhileSomethingIsLeftWhereItWas()
    {
        using var store = new TemporaryFolder();
        store.Write("sandbox/dead.lock", "/groups/a\n/groups/b\n");
        store.Write("sandbox/dead/7/upper/f", "x");
        store.Write("sandbox/.removed-0123/deep/f", "left by a removal that was killed");
        var asked = new List<string>();
        bool Ask(string run, string folder)
        {
            asked.Add(folder);
            return folder != "/groups/a" || asked.Count > 2;
        }

        using (RunFolder.Make(store.Path, "next", Ask))
        {
            Assert.Equal(["/groups/a", "/groups/b"], asked);
            Assert.Equal(["dead.lock", "next", "next.lock"], Directory.EnumerateFileSystemEntries(store["sandbox"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }

        using (RunFolder.Make(store.Path, "later", Ask))
        {
            Assert.False(store.Exists("sandbox/dead.lock"));
        }
    }

    [Fact]
    public void RemoveLeft_GoesOnAfterAGroupThatIsInUse()
    {
        using var groups = new TemporaryFolder();
        groups.Write("cairn-run-1/busy", "a process");
        groups.Write("cairn-run-3/busy", "a process");
        Directory.CreateDirectory(groups["cairn-run-2"]);
        Directory.CreateDirectory(groups["cairn-run-4"]);
        Directory.CreateDirectory(groups["cairn-other-1"]);

        Assert.False(ControlGroup.RemoveLeft(groups.Path, "cairn-run-"));
        Assert.Equal(["cairn-other-1", "cairn-run-1", "cairn-run-3"], Directory.EnumerateDirectories(groups.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(ControlGroup.RemoveLeft(groups.Path, "cairn-gone-"));
        Assert.True(ControlGroup.RemoveLeft(groups["nowhere"], "cairn-run-"));
    }
}
