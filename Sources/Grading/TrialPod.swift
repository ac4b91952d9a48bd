/// The pods that a node must run, in order of creation. The raw value is the pod's name.
package enum TrialPod: String, CaseIterable, Sendable {
    /// Prints a word and exits with 0.
    case task = "ninepin-task"
    /// Has CPU and memory limits, does work, and is deleted.
    case limited = "ninepin-limited"
}
