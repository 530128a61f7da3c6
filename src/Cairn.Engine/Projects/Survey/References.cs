namespace Cairn.Engine.Projects.Survey;

/// <summary>What refers to what among projects of one language. Circles, which their own tools refuse, do no harm here.</summary>
internal static class References
{
    /// <summary>All that something refers to, over others too, each after what it refers to itself.</summary>
    public static List<T> Closure<T>(T of, Func<T, IEnumerable<T>> direct)
        where T : class
    {
        var closure = new List<T>();
        var seen = new HashSet<T>(ReferenceEqualityComparer.Instance) { of };
        Visit(of);
        return closure;

        void Visit(T item)
        {
            foreach (var used in direct(item))
            {
                if (seen.Add(used))
                {
                    Visit(used);
                    closure.Add(used);
                }
            }
        }
    }

    /// <summary>All of them, each after what it refers to.</summary>
    public static List<T> InOrder<T>(IReadOnlyList<T> all, Func<T, IEnumerable<T>> direct)
        where T : class
    {
        var order = new List<T>();
        var done = new HashSet<T>(ReferenceEqualityComparer.Instance);
        foreach (var item in all)
        {
            order.AddRange(Closure(item, direct).Append(item).Where(done.Add));
        }

        return order;
    }
}
