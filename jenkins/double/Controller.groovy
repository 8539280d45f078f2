import org.codehaus.groovy.control.CompilerConfiguration

// The controller that plugins.txt and jenkins.yaml make: its plugins, agents, jobs and credentials. It reads the part of YAML
// that jenkins.yaml is written in, which config_test.go holds against a parser, and runs the script that makes the jobs.
class Controller {
    static final String SYSTEM = 'SYSTEM'
    final Set<String> plugins
    // By store, SYSTEM or a folder, and id.
    final Map<String, Map<String, Map>> credentials = [:]
    final Map<String, Map> sonar = [:]
    final Map<String, String> env = [:]
    // Each with its name, its labels and the names of the jobs that it builds.
    final List<Map> agents = []
    // Each with its name, the Jenkinsfile that it runs and, if it is of branches, which.
    final List<Map> jobs = []
    // Whether the job's source is one that reports the status of commits.
    final boolean reports
    // What Jenkins would say against the jobs when it starts.
    final Set<String> problems = []
    private final File secrets

    Controller(File folder, File secrets) {
        this.secrets = secrets
        plugins = lines(folder, 'plugins.txt').collect { it.replaceFirst(/#.*/, '').trim() }
            .findAll { it }.collect { it.tokenize(':')[0] } as Set
        def lines = lines(folder, 'jenkins.yaml'), script = lines.findIndexOf { it ==~ /\s+- script: \|/ }
        if (script < 0) throw new Refused("${folder}/jenkins.yaml has no script of jobs")
        read(lines.take(script))
        if (!credentials[SYSTEM]) throw new Refused("${folder}/jenkins.yaml has no credentials")
        reports = System.getenv('GITHUB_REPOSITORY')
        // On GitHub and elsewhere it makes different jobs.
        [[GITHUB_REPOSITORY: 'team/vaultsphere', GIT_URL: ''], [GITHUB_REPOSITORY: '', GIT_URL: 'git@git.example.org:vaultsphere.git']].each {
            make(lines.drop(script + 1).join('\n'), it)
        }
        if (agents && !('ssh-slaves' in plugins)) problems << 'jenkins.yaml: the launcher ssh comes with the plugin ssh-slaves, which plugins.txt has not'
        if (agents.any { it.jobs } && !('job-restrictions' in plugins))
            problems << 'jenkins.yaml: jobRestrictionProperty comes with the plugin job-restrictions, which plugins.txt has not'
    }

    private void read(List<String> lines) {
        def section = null, inside = null, current = [:]
        lines.each { line ->
            if (line =~ /^\s*(#|$)/) return
            def top = line =~ /^([\w-]+):/
            if (top) { section = top[0][1]; inside = null }
            def list = line =~ /^\s+(installations|env|nodes):\s*$/
            if (list) inside = list[0][1]
            def item = line =~ /^\s+- (\w+):\s*$/
            if (section == 'credentials' && item) current = [type: item[0][1]]
            if (section == 'jenkins' && item && item[0][1] == 'permanent') agents << (current = [:])
            def entry = line =~ /^\s+(- )?(\w+):\s*"?(.*?)"?\s*$/
            if (!entry || !entry[0][3]) return
            def (all, dash, key, value) = entry[0] as List
            if (section != 'credentials' && dash) current = [:]
            current[key] = value
            if (section == 'credentials' && key == 'id') credentials.get(SYSTEM, [:])[value] = current
            if (section == 'unclassified' && inside == 'installations' && key == 'name') sonar[value] = current
            if (section == 'jenkins' && inside == 'env' && key == 'value') env[current.key] = value
            if (key == 'labelString') current.labels = value.tokenize(' ')
            if (key == 'regexExpression') current.jobs = value
        }
    }

    private void make(String script, Map<String, String> given) {
        given.each { name, value -> script = script.replace('${' + name + '}', value) }
        def root = new Described('')
        def shell = new GroovyShell(getClass().classLoader, new Binding(), new CompilerConfiguration(scriptBaseClass: DelegatingScript.name))
        def parsed = shell.parse(script) as DelegatingScript
        parsed.setDelegate(root)
        parsed.run()
        root.children.each { made ->
            def name = made.args[0]
            switch (made.name) {
                case 'folder':
                    credentials[name] = made.all('credentials').collectMany { it.children }.collectEntries { c ->
                        [c.value('id'), [type: c.name] + ['scope', 'secret', 'privateKey'].collectEntries { [it, c.value(it)] }]
                    }
                    break
                case 'multibranchPipelineJob':
                    job(name, made, [included: made.value('includes').tokenize(' '), excluded: made.value('excludes').tokenize(' ')])
                    source(name, made)
                    break
                case 'pipelineJob': job(name, made, null); break
                default: problems << "jenkins.yaml: this double does not know the job $made.name".toString()
            }
        }
    }

    private void job(String name, Described made, Map branches) {
        if (!jobs.any { it.name == name }) jobs << [name: name, file: made.value('scriptPath'), branches: branches]
    }

    // The source of a job comes with a plugin and needs a kind of credential.
    private void source(String name, Described made) {
        def of = made.all('source')[0].children[0]
        def (plugin, kind) = [github: ['github-branch-source', 'gitHubApp'], git: ['git', 'basicSSHUserPrivateKey']][of.name]
        if (!(plugin in plugins)) problems << "jenkins.yaml: the source $of.name of the job comes with the plugin $plugin, which plugins.txt has not".toString()
        def id = of.value('credentialsId')
        if (credential(name, id)?.type != kind) problems << "jenkins.yaml: the source $of.name of the job needs a $kind, and its credential is $id".toString()
    }

    // credential gives the one that a build of the job finds: of a folder that it is in, or a global one of the system.
    Map credential(String job, String id) {
        for (def parent = job; parent; parent = parent.contains('/') ? parent.substring(0, parent.lastIndexOf('/')) : '') {
            if (credentials[parent]?.containsKey(id)) return credentials[parent][id]
        }
        def system = credentials[SYSTEM][id]
        system?.scope == 'GLOBAL' ? system : null
    }

    // What is known of a credential, in whatever store.
    Map anyCredential(String id) { credentials.values().findResult { it[id] } }

    // agentFor gives the agent that a build of the job gets when it asks for the label, or by the agent's name. The plugin sees the name of the job, and
    // after it what Jenkins calls the part of the build that waits.
    Map agentFor(String job, String label) {
        agents.find { (label in it.labels || label == it.name) && (!it.jobs || "$job/part of it".toString() ==~ it.jobs) }
    }

    // jobsOf gives the jobs that run a Jenkinsfile: those of branches, unless its path is another job's.
    List<Map> jobsOf(File file) {
        jobs.findAll { !it.branches && file.canonicalPath.endsWith('/' + it.file) } ?: jobs.findAll { it.branches }
    }

    // builds says whether a job of branches builds this one. In a filter, * is any part of a name.
    static boolean builds(Map job, String branch) {
        def one = { String pattern -> branch ==~ pattern.tokenize('*').collect { java.util.regex.Pattern.quote(it) }.join('.*') + (pattern.endsWith('*') ? '.*' : '') }
        job.branches.included.any { it == '*' || one(it) } && !job.branches.excluded.any(one)
    }

    private static List<String> lines(File folder, String name) {
        def file = new File(folder, name)
        if (!file.file) throw new Refused("$file is missing")
        file.readLines('UTF-8')
    }

    // resolve gives what configuration as code makes of ${NAME}, ${readFile:PATH} and ${readFileBase64:PATH}.
    byte[] resolve(String text) {
        def whole = text =~ /^\$\{(?:(readFile|readFileBase64):)?([^}:]+)\}$/
        if (!whole) return text.getBytes('UTF-8')
        def (all, how, what) = whole[0] as List
        if (how) return secret(new File(what).name).bytes
        def file = new File(secrets, what)
        if (file.file) return file.getText('UTF-8').trim().getBytes('UTF-8')
        def value = System.getenv(what)
        if (value == null) throw new Refused("jenkins.yaml wants $what, which is neither in the environment nor a file in $secrets")
        value.getBytes('UTF-8')
    }

    private File secret(String name) {
        def file = new File(secrets, name)
        if (!file.file) throw new Refused("jenkins.yaml wants the secret $name, but there is no file $file")
        file
    }

    String text(String value) { new String(resolve(value), 'UTF-8') }
}
