// A call in the job DSL script, with its arguments and the calls in its block. It accepts any name.
class Described extends GroovyObjectSupport {
    final String name
    final List args
    final List<Described> children = []

    Described(String name, List args = []) {
        this.@name = name
        this.@args = args
    }

    def invokeMethod(String word, Object arguments) {
        def list = arguments as List, block = list && list[-1] instanceof Closure ? list[-1] as Closure : null
        def child = new Described(word, block ? list.dropRight(1) : list)
        children << child
        if (block) {
            block.delegate = child
            block.resolveStrategy = Closure.DELEGATE_FIRST
            block()
        }
        child
    }

    // all returns the calls with that name, at any depth.
    List<Described> all(String word) { children.collectMany { (it.name == word ? [it] : []) + it.all(word) } }

    String value(String word) { all(word).with { it ? it[0].args[0] as String : null } }
}
