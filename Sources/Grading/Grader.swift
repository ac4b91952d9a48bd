import Model

/// Something that happened during a boot.
package enum BootEvent: Sendable {
    /// A line that the program under test wrote on its standard output.
    case log([UInt8])
    /// The next piece of a line that is too long for one event, and how many bytes of it the previous piece had too.
    case more([UInt8], overlap: Int)
    /// What the sandbox's first program reports.
    case fact(NodeFact)
    /// A line that runsc wrote, or a program in the sandbox on its standard error.
    case runtime(String)
    /// What the control plane says about the node.
    case cluster(ClusterFact)
    /// Time passed.
    case tick
    /// A line that is part of a longer report, or that was refused. No grader looks at it.
    case silent
}

/// Grades a boot while it runs: a pure function of the events so far. docs/architecture.md has the rules.
package protocol Grader: Sendable {
    /// The result of a boot.
    associatedtype Finding: Sendable
    /// The result, as soon as it is certain.
    var finding: Finding? { get }
    /// When the deciding event came, in seconds after the boot began; nil while nothing is decided.
    var decided: Double? { get }
    /// Takes an event. After the result is certain nothing changes it.
    ///
    /// - Parameter now: seconds after the boot began.
    mutating func take(_ event: BootEvent, at now: Double)
    /// The sandbox ended.
    ///
    /// - Parameters:
    ///   - how: its exit status or signal, for people.
    ///   - now: seconds after the boot began.
    mutating func finish(_ how: String, at now: Double)
}

/// Where a program was booted, as a grader has to know it.
package enum BootEnvironment: Hashable, Sendable {
    /// A gVisor sandbox in a layout.
    case sandbox(Layout)
    /// A container of the machine's own kernel.
    case container
    /// The environment that Ninepin itself runs in, with the signs that it showed before the boot.
    case inPlace(HostSigns)

    /// Whether `/` is an overlay that may grow without limit. Its size is then 2^63 bytes to a kubelet.
    var isRootEndless: Bool {
        switch self {
        case .sandbox(let layout): layout.isRootOverlaid && layout.overlaySize == nil
        case .container: false
        case .inPlace(let signs): signs.isGvisor && signs.rootType == "overlay"
        }
    }
}
