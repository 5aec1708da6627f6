/* SPDX-License-Identifier: MIT */
/*
 * device_test.c - registering, binding, and what a driver leaves behind.
 */
#include <lib/device.h>

#include <lib/errno.h>
#include <lib/ktest.h>

static char order[8];
static unsigned int nr_released;

static void note(struct device *device, struct device_resource *resource)
{
	EXPECT_TRUE(device->registered);
	EXPECT_TRUE(list_empty(&resource->link));
	order[nr_released++] = resource->name[0];
	order[nr_released] = '\0';
}

static struct device_resource resource[3] = {{.name = "a", .release = note},
					     {.name = "b", .release = note},
					     {.name = "c", .release = note}};
static int probe_says;

static int probe(struct device *device)
{
	unsigned int i;

	nr_released = 0;
	for (i = 0; i < ARRAY_SIZE(resource); i++)
		INIT_LIST_HEAD(&resource[i].link);
	device_add_resource(device, &resource[1]);
	device_add_resource(device, &resource[2]);
	device_add_base_resource(device, &resource[0]);
	return probe_says;
}

static const struct device_driver driver = {.name = "test-driver", .probe = probe};

KTEST(device, what_a_driver_leaves_is_released_youngest_first_and_the_base_last)
{
	struct device device = {.name = "test0"};

	probe_says = 0;
	EXPECT_EQ(device_register(&device), 0);
	EXPECT_EQ(device_bind(&device, &driver), 0);
	EXPECT_EQ(device_bind(&device, &driver), -EBUSY);
	EXPECT_EQ(nr_released, 0);
	EXPECT_EQ(device_unbind(&device), 0);
	EXPECT_STREQ(order, "cba");
	EXPECT_EQ(device_unbind(&device), -ENODEV);
	EXPECT_EQ(device_unregister(&device), 0);
}

KTEST(device, a_failed_probe_leaves_nothing)
{
	struct device device = {.name = "test0"};

	probe_says = -EIO;
	EXPECT_EQ(device_register(&device), 0);
	EXPECT_EQ(device_bind(&device, &driver), -EIO);
	EXPECT_STREQ(order, "cba");
	EXPECT_EQ(device.driver, NULL);
	EXPECT_EQ(device_unregister(&device), 0);
}

KTEST(device, what_the_owner_removes_is_not_released)
{
	struct device device = {.name = "test0"};

	probe_says = 0;
	EXPECT_EQ(device_register(&device), 0);
	EXPECT_EQ(device_bind(&device, &driver), 0);
	device_remove_resource(&device, &resource[1]);
	device_remove_resource(&device, &resource[1]);
	device_add_resource(&device, &resource[2]); /* it is there: it stays where it is */
	EXPECT_EQ(device_unregister(&device), 0);   /* unbinds first */
	EXPECT_STREQ(order, "ca");
}

KTEST(device, names_are_checked_and_unique)
{
	struct device device = {.name = "test0"}, same = {.name = "test0"}, bad = {.name = "a b"};

	EXPECT_EQ(device_register(&device), 0);
	EXPECT_EQ(device_register(&device), -EEXIST);
	EXPECT_EQ(device_register(&same), -EEXIST);
	EXPECT_EQ(device_register(&bad), -EINVAL);
	bad.name = "";
	EXPECT_EQ(device_register(&bad), -EINVAL);
	bad.name = NULL;
	EXPECT_EQ(device_register(&bad), -EINVAL);
	EXPECT_EQ(device_find("test0"), &device);
	EXPECT_EQ(device_find("test1"), NULL);
	EXPECT_TRUE(device_is_registered(&device));
	EXPECT_FALSE(device_is_registered(&same));
	EXPECT_EQ(device_bind(&same, &driver), -ENODEV);
	EXPECT_EQ(device_unregister(&same), -ENODEV);
	EXPECT_EQ(device_unregister(&device), 0);
	EXPECT_EQ(device_find("test0"), NULL);
}
