import json

from release.ledger import Ledger, promote
from tests.unit.release.releases import release

ONE, TWO, THREE = release("1"), release("2"), release("3")


def ledger() -> Ledger:
    return promote(promote(Ledger(), ONE, 1, "2026-01-01T00:00:00Z"), TWO, 1, "2026-02-01T00:00:00Z")


def status(world) -> dict:
    code, out, error = world.run("status", "--stack", "dev", "--json")
    assert (code, error) == (0, "")
    return json.loads(out)


def test_before_anything_was_made_it_says_what_to_type(world) -> None:
    world.begin({"deployment": {}})
    code, out, _ = world.run("status", "--stack", "dev")
    assert code == 0
    assert "nothing is live yet" in out
    assert "release deploy VERSION --stack dev" in out
    assert status(world)["releases"] == []


def test_live_warm_and_candidate_are_told_apart_with_weights_as_told_and_as_served(world) -> None:
    world.begin(world.state(ledger(), THREE.id))
    world.weigh(**{f"r{TWO.id}": 75, f"r{THREE.id}": 25})
    world.serving[:] = [TWO.id, TWO.id, TWO.id, THREE.id]
    seen = status(world)
    assert (seen["live"], seen["liveAt"], seen["url"]) == (TWO.id, "2026-02-01T00:00:00Z", world.url)
    assert {
        each["id"]: (each["version"], each["state"], each["weight"], each["served"])
        for each in seen["releases"]
    } == {
        ONE.id: ("1", "warm", None, 0.0),
        TWO.id: ("2", "live", 75, 0.75),
        THREE.id: ("", "candidate", 25, 0.25),
    }
    assert seen["sampled"] == 200


def test_a_weight_changed_by_hand_and_failures_are_not_hidden_by_the_ledger(world) -> None:
    world.begin(world.state(ledger()))
    world.weigh(**{f"r{ONE.id}": 100})
    world.serving[:] = [ONE.id, ""]
    seen = status(world)
    assert [(each["id"], each["weight"]) for each in seen["releases"]] == [(TWO.id, None), (ONE.id, 100)]
    assert seen["failures"] == "503 ×100"


def test_web_instances_are_counted_as_healthy_registered_and_wanted(world) -> None:
    state = world.state(ledger())
    group, elb, ec2 = world.target_group(TWO.id), world.client("elbv2"), world.client("ec2")
    scaling = world.client("autoscaling")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    scaling.create_launch_configuration(LaunchConfigurationName="t", ImageId=image, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="t",
        MinSize=2,
        MaxSize=4,
        DesiredCapacity=3,
        AvailabilityZones=["eu-west-1a"],
        TargetGroupARNs=[group],
    )
    state["deployment"]["resources"].append(
        {
            "type": "aws:autoscaling/group:Group",
            "urn": "urn::web",
            "outputs": {"name": "web", "tags": [{"key": "uneventful:release", "value": TWO.id}]},
        }
    )
    workers = [
        {"key": "uneventful:release", "value": TWO.id},
        {"key": "uneventful:process", "value": "worker"},
    ]
    state["deployment"]["resources"].append(
        {
            "type": "aws:autoscaling/group:Group",
            "urn": "urn::worker",
            "outputs": {"name": "worker", "tags": workers},
        }
    )
    world.begin(state)
    counted = next(each for each in status(world)["releases"] if each["id"] == TWO.id)
    targets = len(elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"])
    assert (counted["wanted"], counted["targets"], counted["healthy"]) == (3, targets, targets)
    assert targets == 3


def test_the_table_for_people_has_a_line_for_each_fleet(world) -> None:
    world.begin(world.state(ledger(), THREE.id))
    world.weigh(**{f"r{TWO.id}": 100})
    world.serving[:] = [TWO.id]
    code, out, _ = world.run("status", "--stack", "dev")
    assert code == 0
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert lines["live"] == ["live", "2", TWO.id, "100", "%", "100.0%", "0", "of", "0", "-"]
    assert lines["warm"][1:3] == ["1", ONE.id]
    assert lines["candidate"][1:3] == ["?", THREE.id]
    assert "`pulumi up --stack dev` removes its fleet" in out


def test_a_fleet_that_leaves_while_it_is_asked_about_is_no_error(world) -> None:
    world.begin(world.state(ledger(), THREE.id))
    world.client("elbv2").delete_target_group(TargetGroupArn=world.target_group(THREE.id))
    seen = {each["id"]: each["targets"] for each in status(world)["releases"]}
    assert seen[THREE.id] == 0


def test_an_api_that_refuses_is_told_in_words(world) -> None:
    world.begin(world.state(ledger()))
    world.forget_credentials()
    code, _, error = world.run("status", "--stack", "dev")
    assert code == 1
    assert "the load balancer's API refused" in error
    assert "credentials" in error
