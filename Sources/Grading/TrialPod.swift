/// The pods that a node is asked to run, in the order in which they are created. The raw value is the pod's name.
package enum TrialPod: String, CaseIterable, Sendable {
    /// It prints a word and exits with 0.
    case task = "ninepin-task"
    /// It has limits of CPU and memory, works, and is deleted.
    case limited = "ninepin-limited"
}
