# cloud-init runs this once, as root, on the first boot. On failure it signals CloudFormation, which rolls back the deploy.
set -euo pipefail

dnf install -y --quiet docker amazon-cloudwatch-agent aws-cfn-bootstrap iptables-nft jq openssl tar

plugins=/usr/local/lib/docker/cli-plugins
install -d "$plugins"
curl --fail --silent --show-error --location --retry 5 --output "$plugins/docker-compose" \
  'https://github.com/docker/compose/releases/download/{{.ComposeVersion}}/docker-compose-linux-{{.ComposeCPU}}'
echo '{{.ComposeSHA256}}  '"$plugins/docker-compose" | sha256sum --check --quiet
chmod 0755 "$plugins/docker-compose"

install -d -m 0750 {{.Directory}} {{.Directory}}/bin {{.Directory}}/state
# The files {{.FilesDigest}}
/opt/aws/bin/cfn-init --stack '{{.Stack}}' --resource '{{.Resource}}' --region '{{.Region}}'
systemctl daemon-reload
systemctl enable --now password-manager-metadata
systemctl enable --now docker
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
  -c file:/opt/aws/amazon-cloudwatch-agent/etc/password-manager.json
systemctl enable --now password-manager-watch.timer password-manager-image.timer
systemctl enable --now password-manager-certificates.timer
systemctl enable --now --no-block password-manager-key
# A new role takes a while to work everywhere. The unit restarts until it does, and this waits for it.
systemctl enable --now --no-block password-manager
timeout 600 bash -c 'until systemctl is-active --quiet password-manager; do sleep 5; done'
