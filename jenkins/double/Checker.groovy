import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.*

// Validates a whole Jenkinsfile like Jenkins does before a build, including stages that a run would skip.
class Checker {
    private final Controller controller
    // The jobs that run this Jenkinsfile.
    private final List<Map> jobs
    final List<String> errors = []
    // Agents and credentials that a build would lack. Jenkins only notices during the build.
    final List<String> obstacles = []
    // The label of the current stage's agent, and the jobs that can reach the stage.
    private String label
    private List<Map> reaching
    // Commands of all sh steps.
    final List<String> commands = []

    Checker(Controller controller, List<Map> jobs) {
        this.controller = controller
        this.jobs = reaching = jobs
    }

    List<String> check(String name, String source) {
        def unit = new CompilationUnit()
        unit.addSource(name, source)
        try {
            unit.compile(Phases.CONVERSION)
        } catch (MultipleCompilationErrorsException e) {
            def cause = e.errorCollector.errors[0].cause
            errors << "line ${cause.line}: ${cause.originalMessage}".toString()
            return errors
        }
        def module = unit.AST.modules[0]
        if (module.imports || module.classes.size() > 1 || module.methods) refuse(null, 'this double does not support imports, methods or classes')
        def top = module.statementBlock.statements
        if (top.size() != 1) refuse(top ? top[-1] : null, "a Jenkinsfile is one pipeline block, not ${top.size()} statements")
        top.each { s ->
            def c = statement(s, 'pipeline')
            if (c && c.name != 'pipeline') refuse(s, "expected pipeline, found ${c.name}")
            else if (c) pipeline(c)
        }
        errors
    }

    private void refuse(at, String message) {
        def line = at == null || at.lineNumber < 1 ? 1 : at.lineNumber
        errors << "line $line: $message".toString()
    }

    private void obstruct(at, String message) {
        obstacles << "line $at.lineNumber: $message".toString()
    }

    // statement parses a name with arguments and a block, the only form in the declarative DSL.
    private Map statement(Statement s, String expected) {
        def e = s instanceof ExpressionStatement ? s.expression : null
        if (e instanceof VariableExpression) return [name: e.name, at: e, args: [], named: [:], block: null]
        if (!(e instanceof MethodCallExpression)) { refuse(s, "expected $expected"); return null }
        if (!e.implicitThis) { refuse(s, 'method calls on objects not allowed outside "script" blocks'); return null }
        if (!(e.method instanceof ConstantExpression)) { refuse(s, "expected $expected"); return null }
        read(e)
    }

    private Map read(MethodCallExpression e) {
        def list = e.arguments instanceof TupleExpression ? e.arguments.expressions as List : [e.arguments]
        def named = [:], args = [], block = null
        list.each {
            if (it instanceof MapExpression && args.empty && named.isEmpty()) {
                it.mapEntryExpressions.each { p -> named[p.keyExpression.text] = p.valueExpression }
            } else if (it instanceof ClosureExpression && it.is(list[-1])) {
                block = it
            } else args << it
        }
        [name: e.methodAsString, at: e, args: args, named: named, block: block]
    }

    // members parses a block that may only contain the allowed names, each once unless it is repeatable.
    private List<Map> members(Map owner, List allowed, String where, List repeatable = []) {
        if (!owner.block) { refuse(owner.at, "$owner.name needs a block: $owner.name { … }"); return [] }
        if (owner.args || owner.named) refuse(owner.at, "$owner.name takes no arguments here")
        def seen = [] as Set, found = []
        owner.block.code.statements.each { s ->
            def c = statement(s, "one of ${allowed.join(', ')} in $where")
            if (!c) return
            if (!(c.name in allowed)) refuse(c.at, "\"$c.name\" is unknown in $where; use one of ${allowed.join(', ')}")
            else if (!seen.add(c.name) && !(c.name in repeatable)) refuse(c.at, "$c.name appears twice in $where")
            else found << c
        }
        found
    }

    private void pipeline(Map p) {
        def parts = members(p, Words.SECTIONS, 'pipeline')
        ['agent', 'stages'].each { need -> if (!parts.any { it.name == need }) refuse(p.at, "pipeline has no $need") }
        // Other sections depend on the agent, wherever it appears.
        parts.sort { it.name != 'agent' }.each { c ->
            switch (c.name) {
                case 'agent': agent(c); break
                case 'stages': stages(c, [] as Set); break
                case 'post': post(c); break
                case 'environment': environment(c); break
                case 'options': options(c, Words.OPTIONS.keySet() as List, 'options'); break
                default: unsupported(c)
            }
        }
    }

    private void unsupported(Map c) { refuse(c.at, "this double does not support $c.name") }

    private void agent(Map c) {
        def word = c.args ? c.args[0] : null
        if (c.block) { labelled(c); return }
        if (!(word instanceof VariableExpression) || !(word.name in ['any', 'none'])) {
            refuse(c.at, "agent must be any, none or a block with ${Words.AGENTS.drop(2).join(', ')}")
            return
        }
        label = null
        // All agents are exclusive to their labels.
        if (word.name == 'any') refuse(c.at, 'agent any matches no agent: use a label of jenkins.yaml')
    }

    private void labelled(Map c) {
        def parts = members(c, Words.AGENTS.drop(2), 'agent')
        if (parts.size() != 1) { refuse(c.at, "agent needs one of ${Words.AGENTS.drop(2).join(', ')}"); return }
        def value = parts[0].args ? parts[0].args[0] : null
        if (parts[0].name != 'label') { unsupported([name: "an agent with $parts.name".replaceAll(/[\[\]]/, ''), at: c.at]); return }
        if (!(value instanceof ConstantExpression) || !(value.value instanceof String)) { refuse(c.at, 'the label of an agent must be a string'); return }
        label = value.value
        if (!controller.agents.any { label in it.labels || label == it.name }) refuse(c.at, "no agent of jenkins.yaml has the label $label")
        else reaching.findAll { !controller.agentFor(it.name + '/x', label) }.each {
            obstruct(c.at, "no agent with the label $label accepts builds of $it.name, so they would wait forever")
        }
    }

    // possible returns the values that a condition can have in builds of a job.
    private List<Boolean> possible(Map c, Map job) {
        def inner = { -> c.block.code.statements.collect { possible(statement(it, 'a condition'), job) } }
        switch (c.name) {
            case 'not': return inner()[0].collect { !it }
            case 'anyOf': return inner().with { all -> [true, false].findAll { want -> want ? all.any { true in it } : all.every { false in it } } }
            case 'allOf': return inner().with { all -> [true, false].findAll { want -> want ? all.every { true in it } : all.any { false in it } } }
            case 'branch':
                def name = c.args && c.args[0] instanceof ConstantExpression ? c.args[0].value : null
                return job.branches && name && !name.contains('*') && !Controller.builds(job, name) ? [false] : [true, false]
            default: return [true, false]
        }
    }

    private void stages(Map owner, Set names) {
        def list = members(owner, ['stage'], 'stages', ['stage'])
        if (owner.block && !list) refuse(owner.at, 'stages needs at least one stage')
        list.each { stage(it, names) }
    }

    private void stage(Map c, Set names) {
        def name = c.args.size() == 1 && c.args[0] instanceof ConstantExpression ? c.args[0].value : null
        if (!(name instanceof String) || !name || c.named) { refuse(c.at, "a stage needs a name: stage('…') { … }"); return }
        if (!names.add(name)) refuse(c.at, "two stages are named \"$name\"")
        def parts = members([name: 'stage', at: c.at, args: [], named: [:], block: c.block], Words.STAGE, "stage \"$name\"")
        def outer = [label, reaching]
        def guard = parts.find { it.name == 'when' && it.block }
        def conditions = guard ? guard.block.code.statements.collect { statement(it, 'a condition') }.findAll { it } : []
        def before = conditions.any { it.name == 'beforeAgent' && it.args && it.args[0] instanceof ConstantExpression && it.args[0].value == true }
        def guarded = reaching.findAll { job -> conditions.findAll { !it.name.startsWith('before') }.every { !it.block && it.name == 'expression' || true in possible(it, job) } }
        // Without beforeAgent, the agent is allocated before the condition is evaluated.
        if (before) reaching = guarded
        parts.findAll { it.name == 'agent' }.each { agent(it) }
        reaching = guarded
        def work = parts.findAll { it.name in ['steps', 'stages', 'parallel', 'matrix'] }
        if (work.size() != 1) refuse(c.at, "stage \"$name\" needs exactly one of steps, stages, parallel or matrix, and has ${work.size()}")
        parts.each { p ->
            switch (p.name) {
                case 'agent': break
                case 'environment': environment(p); break
                case 'options': options(p, Words.STAGE_OPTIONS, 'options of a stage'); break
                case 'post': post(p); break
                case 'stages': stages(p, names); break
                case 'steps': steps(p); break
                case 'when': when(p); break
                default: unsupported(p)
            }
        }
        (label, reaching) = outer
    }

    private void post(Map owner) {
        def list = members(owner, Words.POST, 'post')
        if (owner.block && !list) refuse(owner.at, 'post needs at least one condition')
        list.each { steps(it) }
    }

    private void environment(Map owner) {
        if (!owner.block) { refuse(owner.at, 'environment needs a block'); return }
        if (!owner.block.code.statements) refuse(owner.at, 'environment needs at least one variable')
        owner.block.code.statements.each { s ->
            def e = s instanceof ExpressionStatement ? s.expression : null
            if (!(e instanceof BinaryExpression) || e.operation.text != '=' || !(e.leftExpression instanceof VariableExpression))
                refuse(s, 'expected NAME = value in environment')
            else if (!(e.leftExpression.name ==~ /[A-Za-z_]\w*/)) refuse(s, "$e.leftExpression.name is not a valid name for a variable")
            else if (!type(e.rightExpression, 'String'))
                refuse(s, "the value of $e.leftExpression.name must be a string")
        }
    }

    private void options(Map owner, List allowed, String where) {
        def list = members(owner, allowed, where)
        if (owner.block && !list) refuse(owner.at, "$where needs at least one option")
        list.each { c ->
            if (c.block) refuse(c.at, "the option $c.name takes no block")
            arguments(c, Words.OPTIONS[c.name], "option $c.name")
        }
    }

    private void when(Map owner) {
        def list = members(owner, Words.WHEN, 'when', Words.WHEN)
        if (owner.block && !list.any { !it.name.startsWith('before') }) refuse(owner.at, 'when needs at least one condition')
        list.each { condition(it) }
    }

    private void condition(Map c) {
        switch (c.name) {
            case ['allOf', 'anyOf', 'not']:
                def inner = members(c, Words.WHEN, c.name, Words.WHEN)
                if (c.block && !inner) refuse(c.at, "$c.name needs a condition")
                if (c.name == 'not' && inner.size() > 1) refuse(c.at, 'not takes exactly one condition')
                inner.each { condition(it) }
                break
            case ~/before(Agent|Input|Options)/:
                if (c.block || c.args.size() != 1 || !type(c.args[0], 'boolean')) refuse(c.at, "$c.name takes true or false")
                break
            case 'branch':
                if (c.block) refuse(c.at, 'branch takes no block')
                arguments(c, Words.parse(branch: 'core | pattern:String!, comparator:String').branch, 'condition branch')
                break
            case 'expression': expression(c); break
            default: unsupported(c)
        }
    }

    // Jenkins accepts any Groovy here. This double accepts one comparison with the output or the exit status of a command, because any
    // non-empty string is true, even "false".
    private void expression(Map c) {
        def statements = c.block ? c.block.code.statements : []
        def e = statements.size() == 1 && statements[0] instanceof ExpressionStatement ? statements[0].expression : null
        if (!(e instanceof BinaryExpression) || !(e.operation.text in ['==', '!=']) || !(e.rightExpression instanceof ConstantExpression)) {
            refuse(c.at, 'expression must compare one step with a constant')
            return
        }
        def call = e.leftExpression
        if (call instanceof MethodCallExpression && !call.implicitThis && call.methodAsString == 'trim') call = call.objectExpression
        if (!(call instanceof MethodCallExpression) || !call.implicitThis || call.methodAsString != 'sh') {
            refuse(c.at, 'expression must compare the result of a step sh')
            return
        }
        step(read(call))
    }

    private void step(Map c) {
        def word = Words.STEPS[c.name]
        if (!word) { refuse(c.at, "no such step: $c.name"); return }
        if (c.name in Words.ON_AN_AGENT && !label) refuse(c.at, "step $c.name needs an agent, but no enclosing stage has one")
        if (c.name == 'sh') commands << (c.args ? c.args[0] : c.named.script)?.text
        arguments(c, word, "step $c.name")
        if (word.block) steps([name: c.name, at: c.at, args: [], named: [:], block: c.block])
        else if (c.block) refuse(c.at, "step $c.name takes no block")
    }

    private void steps(Map owner) {
        if (!owner.block) { refuse(owner.at, "$owner.name needs a block of steps"); return }
        if (owner.args || owner.named) refuse(owner.at, "$owner.name takes no arguments")
        if (!owner.block.code.statements) refuse(owner.at, "$owner.name has no steps")
        owner.block.code.statements.each { s ->
            def c = statement(s, 'a step')
            if (c) step(c)
        }
    }

    private void arguments(Map c, Map word, String what) {
        if (word.plugin != 'core' && !(word.plugin in controller.plugins))
            refuse(c.at, "$what comes with the plugin $word.plugin, which plugins.txt lacks")
        if (c.args.size() > 1 || (c.args && c.named)) { refuse(c.at, "$what: more than one argument needs names"); return }
        if (c.args && !word.sole) { refuse(c.at, "$what needs a name for its argument"); return }
        def arguments = c.args ? [(word.sole): c.args[0]] : c.named
        arguments.each { name, value ->
            def param = word.params[name]
            if (!param) refuse(c.at, "$what has no parameter $name" + (word.params ? "; use one of ${word.params.keySet().join(', ')}" : ''))
            else if (!type(value, param.type)) refuse(c.at, "$what: $name is not of type $param.type: $value.text")
        }
        word.params.findAll { name, p -> p.required && !arguments.containsKey(name) }.each { name, p ->
            refuse(c.at, "$what needs the parameter $name")
        }
    }

    private boolean type(Expression e, String want) {
        def value = e instanceof ConstantExpression ? e.value : null
        switch (want) {
            case 'boolean': return value instanceof Boolean
            case 'int': return value instanceof Integer
            case 'double': return value instanceof Number
            case 'List': return e instanceof ListExpression
            case 'SCM': return e instanceof VariableExpression && e.name == 'scm'
            case 'Unit': return value in Words.UNITS.keySet()
            case 'CoverageTools': return e instanceof ListExpression && e.expressions && e.expressions.every { coverageTool(it) }
            case 'SSHKeys': return e instanceof ListExpression && e.expressions && e.expressions.every { type(it, 'SSHKey') }
            case Words.CREDENTIALS.keySet(): return credential(e, value, Words.CREDENTIALS[want])
            case 'SonarServer':
                if (value instanceof String && !(value in controller.sonar)) refuse(e, "no SonarQube server is named $value in jenkins.yaml")
                return value instanceof String
            case 'Bindings': return e instanceof ListExpression && e.expressions && e.expressions.every { nested(it, want) }
            case 'BuildDiscarder': return nested(e, want)
            default: // a string, whose value may only be known at run time
                return value instanceof String || e instanceof GStringExpression || e instanceof PropertyExpression ||
                    e instanceof VariableExpression || (e instanceof BinaryExpression && e.operation.text == '+')
        }
    }

    private boolean credential(Expression e, value, String kind) {
        if (!(value instanceof String)) return false
        def known = controller.anyCredential(value)
        if (known) reaching.findAll { !controller.credential(it.name + '/x', value) }.each {
            obstruct(e, "builds of $it.name cannot use the credential $value")
        }
        if (!known) refuse(e, "no credential has the id $value in jenkins.yaml")
        else if (known.type != kind) refuse(e, "the credential $value is a $known.type, not a $kind")
        true
    }

    private boolean nested(Expression e, String want) {
        if (!(e instanceof MethodCallExpression) || !e.implicitThis || !(e.methodAsString in Words.VALUES[want])) return false
        def c = read(e)
        if (c.block) return false
        arguments(c, Words.NESTED[c.name], c.name)
        true
    }

    private boolean coverageTool(Expression e) {
        if (!(e instanceof MapExpression)) return false
        def keys = e.mapEntryExpressions.collectEntries { [it.keyExpression.text, it.valueExpression] }
        (keys.keySet() - ['parser', 'pattern']).empty && keys.parser instanceof ConstantExpression && keys.parser.value in Words.PARSERS
    }
}
