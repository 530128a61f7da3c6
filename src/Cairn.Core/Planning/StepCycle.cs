using System.Collections.Immutable;

using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>Finds steps that need each other in a circle.</summary>
internal static class StepCycle
{
    /// <summary>The steps of a circle, the first one again at the end; null where there is none. Needs that are not among the steps are left aside.</summary>
    public static List<Step>? Find(ImmutableArray<Step> steps)
    {
        var byName = new Dictionary<StepName, int>(steps.Length);
        for (var i = 0; i < steps.Length; i++)
        {
            byName.TryAdd(steps[i].Name, i);
        }

        // Depth first with a stack of its own: next[i] is the need to look at next, -1 a step that is done.
        var next = new int[steps.Length];
        var path = new List<int>();
        var onPath = new bool[steps.Length];
        for (var root = 0; root < steps.Length; root++)
        {
            Enter(root);
            while (path.Count > 0)
            {
                var at = path[^1];
                if (next[at] >= steps[at].Needs.Length)
                {
                    next[at] = -1;
                    onPath[at] = false;
                    path.RemoveAt(path.Count - 1);
                }
                else if (byName.TryGetValue(steps[at].Needs[next[at]++].Name, out var need))
                {
                    if (onPath[need])
                    {
                        return [.. path[path.IndexOf(need)..].Append(need).Select(i => steps[i])];
                    }

                    Enter(need);
                }
            }
        }

        return null;

        void Enter(int step)
        {
            if (next[step] >= 0 && !onPath[step])
            {
                onPath[step] = true;
                path.Add(step);
            }
        }
    }
}
